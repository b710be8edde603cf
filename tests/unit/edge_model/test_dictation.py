"""What is spelt when a sentence is dictated becomes the word that would have been typed."""

import pytest

from cloud_proxy.edge_model.sentence import read

SPELT = {
    "read the d h t twenty two on pin 4": ("chip", "dht22", "d h t twenty two"),
    "read the DHT twenty-two": ("chip", "dht22", "DHT twenty-two"),
    "read the D.H.T. 11 on 4": ("chip", "dht11", "D.H.T. 11"),
    "the d h t eleven on 4": ("chip", "dht11", "d h t eleven"),
    "the d s eighteen b twenty on 4": ("chip", "ds18b20", "d s eighteen b twenty"),
    "the DS 18 B 20 on 4": ("chip", "ds18b20", "DS 18 B 20"),
    "an a m 2302 on 4": ("chip", "am2302", "a m 2302"),
    "scan i two c": ("chip", "i2c", "i two c"),
    "scan i squared c": ("chip", "i2c", "i squared c"),
    "turn on g p i o 5": ("word", "gpio", "g p i o"),
    "turn on G.P.I.O. 5": ("word", "gpio", "G.P.I.O."),
    "s d a is 21": ("word", "sda", "s d a"),
    "with s c l 22": ("word", "scl", "s c l"),
    "p w m on 5": ("word", "pwm", "p w m"),
    "the r g b lamp": ("word", "rgb", "r g b"),
    "turn on the l e d on 5": ("word", "led", "l e d"),
    "a neo pixel on 5": ("word", "neopixel", "neo pixel"),
    "read from address hex three c": ("hexa", "hex three c", "hex three c"),
    "at address oh x 3c": ("hexa", "oh x 3 c", "oh x 3c"),
}
AS_TYPED = ("turn on a and b", "play in a minor", "the i and the c", "a hex nut on the desk")
ADDRESSES = {
    "address 0x3c": 60,
    "at address hex three c": 60,
    "at hex 68": 0x68,
    "at 0 x 7 6": 0x76,
    "address 3c": 60,
    "address 60": None,
    "above 3c": None,
    "write hex 01 a0": None,
}


@pytest.mark.parametrize("text, kind, word, typed", [(k, *v) for k, v in SPELT.items()], ids=SPELT)
def test_what_was_spelt_is_one_word(text, kind, word, typed):
    sentence = read(text)
    (at,) = (i for i, token in enumerate(sentence.tokens) if token.text == word)
    assert sentence.tokens[at].kind == kind
    assert sentence.slice(at, at) == typed


@pytest.mark.parametrize("text", AS_TYPED)
def test_letters_that_spell_nothing_stay_apart(text):
    assert [token.text for token in read(text).tokens] == text.split()


@pytest.mark.parametrize("text, address", ADDRESSES.items(), ids=ADDRESSES)
def test_an_address_may_be_said_in_hexadecimal(text, address):
    assert next((t.value for t in read(text).tokens if t.kind == "hexa"), None) == address
