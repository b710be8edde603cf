"""Input nobody should send: no exception, and nothing moves."""

import threading

import pytest

from cloud_proxy.edge_model import EdgeModel

HOSTILE = {
    "empty": "",
    "blank": " \t\n ",
    "ten kilobytes": "turn on pin 2 " * 730,
    "ten kilobytes without a space": "a" * 10_240,
    "more words than it reads": "on " * 150,
    "control characters": "\x00\x1b[2J\x07\x7f",
    "emoji": "\U0001f600\U0001f525\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "another script": "\u6253\u5f00\u706f \u0432\u043a\u043b\u044e\u0447\u0438",
    "a lone surrogate": "\ud83d turn",
    "huge numbers": "turn on pin 99999999999999999999999999999",
    "numbers like fractions": "\u00bd \u2460 \u0664 \u2075",
    "braces": "{0.pin} {{}} {0.value:off|on}",
    "template in a name": "turn on the {0.__class__}",
    "markup": "<script>alert(1)</script> ]]> &amp;",
    "only marks": "?!?!... --- ***",
    "not a time": "at 99:99 turn on",
    "null and quotes": "'; DROP TABLE rules; --",
}


@pytest.mark.parametrize("sentence", HOSTILE.values(), ids=HOSTILE)
def test_it_answers_without_a_call(model: EdgeModel, sentence):
    answer = model.answer(sentence, memory={"pump": "gpio 5"})
    assert answer.calls == ()
    assert answer.say
    assert 0 <= answer.confidence <= 1


def test_a_persons_braces_never_reach_the_template(model: EdgeModel):
    assert "{" not in model.answer("turn on the {0.pin} lamp").say


@pytest.mark.parametrize(
    "memory",
    [{"": ""}, {"x" * 5000: "y" * 5000}, {"a b c d e f g h i j k": "gpio 5"}, {"{0}": "{1}"}],
    ids=["empty", "long", "many words", "braces"],
)
def test_odd_memories_do_no_harm(model: EdgeModel, memory):
    assert [c.args for c in model.answer("turn on pin 2", memory=memory).calls] == [
        {"pin": 2, "value": 1}
    ]


def test_the_same_sentence_gives_the_same_answer_from_many_threads(model: EdgeModel):
    sentences = ["turn on pin 2", "who won the world cup?", "blink pin 2 every 10 seconds"] * 4
    alone = [model.answer(sentence) for sentence in sentences]
    together = [None] * len(sentences)

    def work(number):
        together[number] = model.answer(sentences[number])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(len(sentences))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert together == alone


def test_two_loads_of_one_file_answer_alike(model: EdgeModel):
    again = EdgeModel.load()
    for sentence in ("turn on pin 2", "in 20 minutes turn pin 2 off", "hello"):
        assert again.answer(sentence) == model.answer(sentence)
