"""Sentences about pins: (pattern, program) rows, imperatives apart from questions."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

Row = tuple[str, str]


def rows(program: str, *patterns: str) -> list[Row]:
    """Return one row a pattern, all with the same program."""
    return [(pattern, program) for pattern in patterns]


_rows = rows


PWM = [
    *_rows(
        "pwm_write {pin} {pct}",
        "[turn|switch] on {pin} at {pct} [brightness|power|speed|intensity|]",
        "[turn|switch|light] {pin} [on|up] [at|to|with] {pct} [brightness|power|speed|intensity|]",
        "[have|let|get|keep] {pin} [run|shine|go|running] at {pct} [power|speed|brightness|]",
        "pwm {num} {pct}",
        "[dim|brightness|pwm|fade] {p} {pct}",
        "{p} {pct}",
        "[slow|speed|throttle|crank|turn] {pin} [down|up] to {pct}",
        "[dial|ramp|cut] {pin} [down|back|up] to {pct}",
        "[set|put|turn|bring|run|drive|adjust] {pin} [to|at|on] {pct}",
        "[set|put|turn|bring|run|drive] {pin} [to|at] {pct} [power|duty|brightness|speed|duty cycle|intensity]",
        "[dim|brighten|fade|lower|raise|turn down|turn up|reduce|increase] {pin} to {pct}",
        "[dim|turn] {pin} [down|up] to {pct}",
        "{pct} [power|duty|brightness|speed|duty cycle|pwm] on {pin}",
        "{pin} [at|to] {pct}",
        "give {pin} {pct} [power|duty|duty cycle|]",
        "run {pin} with [a|] {pct} [duty|pwm|duty cycle]",
        "pwm {pin} [at|to|with|] {pct}",
        "output {pct} pwm on {pin}",
        "make {pin} {pct} bright",
    ),
    *_rows(
        "pwm_write {pin} {level}",
        "set the [fan speed|motor speed|brightness|led brightness|light level|duty cycle] to {level} on {pin}",
        "[speed|brightness|power|duty|pwm] {level} on {pin}",
        "set the [brightness|duty|duty cycle|speed|pwm|pwm duty|power|intensity] of {pin} to {level}",
        "[brightness|duty|speed|pwm] of {pin} to {level}",
        "[set|change|put] the [brightness|duty cycle|speed|pwm] [on|for] {pin} [to|at] {level}",
        "set {pin} [brightness|duty|pwm|speed] to {level}",
        "pwm {level} on {pin}",
        "start pwm on {pin} [at|with] {level}",
    ),
    *_rows(
        "pwm_write {pin} {part}",
        "[dim|set|put|turn|bring] {pin} down to {part}",
        "[set|put|turn|dim|run|bring] {pin} [to|at] {part} [brightness|power|speed|duty|intensity]",
        "{part} [brightness|power|speed] [on|for] {pin}",
        "[give|run|set|put|have] {pin} [at|to|on|] {part} [power|speed|brightness|]",
        "[turn|dim|set|put] {pin} to {part}",
        "[run|set|drive|turn|have] {pin} [at|to] a {part} [of|] [its|] [speed|power|brightness|]",
        "[dim|set|turn] {pin} to [a|one] {part}",
        "[dim|fade] {pin} to {part}",
    ),
    *_rows(
        "pwm_write {pin} {pct} +freq_hz {hz}",
        "[set|run|drive] {pin} [to|at] {pct} [at|with|and] {hz}",
        "pwm on {pin} [at|with] {pct} [and|at|with|,] {hz}",
        "run {pin} at {pct} duty [with a frequency of|and a frequency of|at] {hz}",
    ),
    *_rows(
        "pwm_write {pin} {pct} +freq_hz {hz}",
        "[drive|run] {pin} at {hz} [with|and] [a|] {pct} [duty|duty cycle|]",
        "{hz} pwm on {pin} [at|with] {pct}",
        "[generate|make|output|produce|emit|put] {hz} [at|with|and] [a|] {pct} [duty|duty cycle|] on {pin}",
        "[generate|output|put] [a|] pwm [of|with|at] {hz} [and|at|with|,] {pct} [on|at] {pin}",
    ),
    *_rows("pwm_write {pin} ?", "[dim|brighten|fade] {pin}", "[start|set] pwm on {pin}", "dim {pin} [a bit|a little]",
           "make {pin} [brighter|dimmer|faster|slower]", "set the [brightness|speed] of {pin}"),
]  # fmt: skip
SERVO = [
    *_rows(
        "servo_write {servo} {angle}",
        "[turn|move|set|rotate|point|swing|drive|put|bring|position] {servo} to {angle}",
        "{servo} to {angle}",
        "set the angle of {servo} to {angle}",
        "{servo} {angle}",
        "{servo}: {angle}",
        "[tilt|turn|aim|steer|angle|spin|sweep|lift|lower|raise|open|close] {servo} to {degrees}",
        "[set|put|move|bring] {servo} at {degrees}",
        "[go to|move to|turn to] {angle} [on|with] {servo}",
    ),
    *_rows(
        "servo_write {pin} {degrees}",
        "[turn|move|rotate|swing|point] {pin} to {degrees}",
        "set {pin} to {degrees}",
        "rotate the servo [on|at] {pin} to {degrees}",
    ),
    *_rows(
        "servo_write {servo} {middle}",
        "[move|set|turn|put|bring] {servo} [to|in] the {middle} [position|]",
        "{middle} {servo}",
        "centre {servo} in the {middle}",
    ),
    *_rows(
        "servo_write {servo} ?",
        "[turn|move|rotate|swing] {servo}",
        "move {servo} [a bit|a little|somewhere]",
    ),
]
NEOPIXEL = [
    *_rows(
        "neopixel_write {neopixel} {colour}",
        "[set|make|turn|colour|color|paint|change|switch|light] {neopixel} [to|] {colour}",
        "[make|turn|colour|color|paint] {neopixel} {colour}",
        "[light up|light] {neopixel} [in|with] {colour}",
        "{neopixel} {colour}",
        "{neopixel}: {colour}",
        "[colour|color] of {neopixel}: {colour}",
        "[please|] {colour} [light|colour|color|glow] on {neopixel}",
        "[put|have|get] {neopixel} [to|on|in|] {colour}",
        "[fill|flood|bathe] {neopixel} [with|in] {colour}",
        "[show|display] {colour} on {neopixel}",
        "set the colour of {neopixel} to {colour}",
        "set the color of {neopixel} to {colour}",
        "{colour} on {neopixel}",
        "I want {neopixel} [to be|in] {colour}",
        "let {neopixel} [glow|shine] [in|] {colour}",
    ),
    *_rows("neopixel_write {num} {colour}", "[set|make|paint] [neopixel|neopixels|rgb|ws2812] {num} {colour}",
           "set {num} to {colour}", "make [pin|gpio] {num} {colour}", "turn [pin|gpio] {num} {colour}"),
    *_rows("neopixel_write {num} {rgb}", *["[neopixel|neopixels|strip|pixels|ws2812|led strip|rgb strip] [on|at|] [pin|gpio|] {num} [rgb|to|to rgb|=|colour|color|,|] {rgb}"] * 4),
    *_rows("neopixel_write {neopixel} {rgb}", *["{neopixel} [rgb|to|to rgb] {rgb}"] * 2, "{neopixel}: {rgb}", "rgb {rgb} [on|for|at] {neopixel}", "[set|change|put] the [colour|color] of {neopixel} to {rgb}", "[colour|color] {neopixel} [with|as|] [rgb|] {rgb}", "[neopixel|neopixels|ws2812|strip|rgb|pixels] {num}: {rgb}", "[neopixel|ws2812|rgb] {num} to {rgb}", "[light|light up|fill] {neopixel} with [rgb|] {rgb}", "set {neopixel} to [rgb|] {rgb}", "[set|make|turn|colour|put] {neopixel} [to|at|] {rgb}", "{neopixel} to {rgb}", "{neopixel} [rgb|] {rgb}",
           "[write|send] {rgb} to {neopixel}", "make {neopixel} [rgb|] {rgb}"),
    *_rows(
        "neopixel_write {neopixel} {colour} +count {count}",
        "set {count} [pixels|leds|lights|neopixels] [of|on] {neopixel} to {colour}",
        "[light|light up] {count} [pixels|leds] [in|] {colour} on {neopixel}",
        "set {neopixel} with {count} [pixels|leds] to {colour}",
        "[make|set|turn|colour] all {count} [pixels|leds] [of|on] {neopixel} [to|] {colour}",
        "[make|set|turn|colour|paint] the first {count} [pixels|leds|of them] on {neopixel} {colour}",
        "make the first {count} [pixels|leds] [of|on] {neopixel} {colour}",
    ),
    *_rows("neopixel_write {neopixel} {colour} +count {count}", "make {neopixel} {colour} , {count} [pixels|leds]",
           "set {neopixel} to {colour} [,|with|using] {count} [pixels|leds]"),
    *_rows("neopixel_write {neopixel} off", "[turn|switch] off {neopixel}", "[turn|switch] {neopixel} off",
           "[clear|blank] {neopixel}", "{neopixel} off"),
    *_rows("neopixel_write {neopixel} ?", "[turn|switch] on {neopixel}", "[turn|switch] {neopixel} on",
           "light up {neopixel}", "change the [colour|color] of {neopixel}", "set {neopixel}"),
]  # fmt: skip

READ = _rows(
    "gpio_read {pin}",
    "[read|check|inspect|get|sense|query|look at|show] {pin}",
    "[read|check|get|show|tell me|give me|report|show me] the [state|status|level|value|reading] [of|on|at] {pin}",
    "[tell me|check|see|find out|let me know] [if|whether] {pin} is [on|off|high|low|running|active]",
    "do a [read|digital read] [on|of] {pin}",
    "digital read {pin}",
    "[read|check|get] the digital [value|state|level|input] [of|on] {pin}",
    "[state|status|level|value] of {pin}",
    "{pin} [state|status|level|value]",
    "see what {pin} [is|says|reads]",
    "[read|check] {button}",
    "check [if|whether] {button} is [pressed|open|closed|triggered|active|on]",
)
READ_ASK = _rows(
    "gpio_read {pin}",
    "is {pin} [on|off|high|low|active|running|lit|enabled|powered|on now|still on|still off|currently on]",
    "is {pin} [on|off|high|low]",
    "is {pin} [on or off|high or low|off or on|low or high|turned on|switched off|switched on]",
    "what is [the|] [state|status|level|value] of {pin}",
    "what's [the|] [state|status|level|value] of {pin}",
    "what [state|level] is {pin} [in|at|]",
    "what does {pin} [read|say|show]",
    "how is {pin} [set|doing]",
    "what is {pin} [at|set to|reading|right now|doing|now]",
    "what's {pin} [at|set to|reading|doing|right now]",
    "has {pin} [been turned on|gone high|gone low|been switched off]",
    "did {pin} [go high|go low|turn on]",
    "{pin} [on or off|high or low]",
    "is there [power|a signal|a high] on {pin}",
    "are you keeping {pin} [on|off]",
    "[am I right that|] is {pin} [high|low]",
    "is {button} [pressed|open|closed|down|active|triggered|on|held|high|low]",
    "what is {button} [saying|doing|reading]",
    "has [somebody|someone|anybody|anyone] [pressed|pushed|opened|touched|triggered] {button}",
    "[did|does] [somebody|someone|anyone|anything] [press|push|open|trigger] {button}",
)
ADC = [
    *_rows(
        "adc_read {pin}",
        "[read|measure|sample|check|get|take] the [voltage|analog value|analogue value|adc|millivolts|volts|analog level|potential] [on|at|of|from] {pin}",
        "[read|measure|get|show me|give me] the analog [input|reading|signal|value] [on|of|at|from] {pin}",
        "[analog read|analogue read|adc read|adc|measure] {pin}",
        "read {pin} [as analog|as analogue|as an analog input|in millivolts|in volts|analog]",
        "do an [analog|adc|analogue] [read|reading|measurement] [on|of|at] {pin}",
        "[voltage|adc value|analog value|millivolts] [on|of|at] {pin}",
        "take an [analog|adc] [reading|sample] [on|at|from] {pin}",
    ),
    *_rows("adc_read {analog}", "[measure|read|sample|check|read out] {analog}",
           "[read|measure] the [voltage|level|value] [of|on] {analog}", "get [a|the] reading from {analog}"),
]  # fmt: skip
ADC_ASK = [
    *_rows(
        "adc_read {pin}",
        "what [is|'s] the [voltage|analog value|analogue reading|adc value|adc reading|analog level] [on|at|of] {pin}",
        "what's the [voltage|analog value|adc value|analog reading] [on|at|of] {pin}",
        "how many [volts|millivolts|mV] [are on|are there on|are at|does|on] {pin} [have|]",
        "what voltage [is on|is at|do you see on|do you measure on|does] {pin} [have|]",
        "how much voltage is [on|at] {pin}",
        "what is the voltage [of|on] {analog}",
    ),
    *_rows(
        "adc_read {analog}", "what does {analog} [say|read|show]", "how [high|low] is {analog}"
    ),
]
_MODEL = "[dht11|DHT11|dht 11]"
_BETTER = "[dht22|DHT22|dht 22|am2302|DHT-22]"
_WHAT = "[temperature|humidity|temp|temperature and humidity|air temperature|relative humidity]"


def _dht(model: str, symbol: str) -> list[Row]:
    return [
        *_rows(
            f"dht_read {{sure}} {symbol}",
            f"[read|check|measure|query|read out] the {model} [on|at|connected to|] {{sure}}",
            f"[read|get|check|measure|show me|tell me|give me] the {_WHAT} [from|of|on] the {model} [sensor|] [on|at] {{sure}}",
            f"[read|get] the {model} [sensor|] [on|at|] {{sure}}",
            f"{model} [on|at] {{sure}}",
            f"[read|measure|get] {_WHAT} [on|at|from] {{sure}} [with a|it is a|,] {model}",
        ),
        *_rows(f"dht_read ? {symbol}".replace(f" ? {symbol}", " ?"), f"read the {model}", f"what does the {model} say",
               f"get the {_WHAT} from the {model}"),
    ]  # fmt: skip


DHT = [*_dht(_MODEL, "dht11"), *_dht(_BETTER, "dht22"), *_dht(_BETTER, "dht22")]
DHT_ASK = [
    *_rows("dht_read {sure} dht22", f"what is the {_WHAT} [on|at|from] the {_BETTER} [on|at] {{sure}}",
           f"what does the {_BETTER} [on|at] {{sure}} [say|read|show]", f"how [warm|hot|humid|cold] is it [at|on] the {_BETTER} on {{sure}}",
           f"what's the {_WHAT} of the {_BETTER} on {{sure}}"),
    *_rows("dht_read {sure} dht11", f"what is the {_WHAT} [on|at|from] the {_MODEL} [on|at] {{sure}}",
           f"what does the {_MODEL} [on|at] {{sure}} [say|read|show]", f"what's the {_WHAT} of the {_MODEL} on {{sure}}"),
    *_rows("dht_read {sure} ?", f"what is the {_WHAT} [on|at|from] {{sure}}", f"what's the {_WHAT} [on|at] {{sure}}",
           "read the dht [sensor|] on {sure}", f"[read|get|measure|tell me|check] the {_WHAT} [on|at|from] {{sure}}"),
    *_rows("dht_read ?", f"what is the {_WHAT}", f"what's the {_WHAT} [now|in here|in the room|here|right now|inside|]",
           "how [warm|hot|cold|humid] is it [in here|here|inside|in the room|]", f"[read|get|check|measure] the {_WHAT}",
           "read the dht [sensor|]", f"tell me the {_WHAT}"),
]  # fmt: skip
_PROBE = "[ds18b20|DS18B20|ds18x20|ds18b20 sensor|ds18b20 probe|ds18b20 thermometer|onewire sensor|one wire sensor|DS18B20 temperature sensor]"
PROBE = [
    *_rows(
        "ds18x20_read {sure}",
        f"[read|check|query|measure|read out|get] the {_PROBE} [on|at|connected to|] {{sure}}",
        f"[read|get|check|tell me|show me] the [temperature|temp] [from|of] the {_PROBE} [on|at] {{sure}}",
        f"{_PROBE} [on|at] {{sure}}",
        f"[read|get] [temperature|the temperature] [on|at] {{sure}} [with a|from the|using the] {_PROBE}",
        f"what is the temperature [of|from|on] the {_PROBE} [on|at] {{sure}}",
        f"what's the {_PROBE} [on|at] {{sure}} [reading|saying]",
        f"how [warm|hot|cold] is the {_PROBE} [on|at] {{sure}}",
        f"what does the {_PROBE} [on|at] {{sure}} [say|read]",
    ),
    *_rows("ds18x20_read ?", f"[read|check] the {_PROBE}", f"what does the {_PROBE} say",
           f"[get|tell me] the temperature [of|from] the {_PROBE}"),
]  # fmt: skip
ALL = _rows(
    "gpio_read_all",
    "[read|show|list|check|dump|print] all [the|] [pins|gpios|gpio|outputs|inputs|gpio pins|pin states]",
    "show me [all|all of|every one of] the [pins|gpios|pin states]",
    "what [is|'s] the [state|status] of all [the|] [pins|gpios]",
    "what are [all|] the [pins|gpios] [doing|set to|at]",
    "[which|what] [pins|gpios|outputs] are [on|high|off|low|active|on right now|currently on]",
    "read every [pin|gpio|input]",
    "[state|status|overview|list] of [all|all the|the|every] [pins|gpios]",
    "[give me|show|get|show me] [an overview|the state|the states|a list|the levels|the status] of [the|all|all the|all your] [pins|gpios|pin states]",
    "how are the pins [set|doing]",
    "[pin states|pin status|all pins|gpio overview|pin overview|gpio states]",
    "is anything [on|switched on|turned on|high]",
    "what [is|'s] [on|switched on|turned on|high] [now|right now|at the moment|currently|]",
    "what's on [now|right now|at the moment]",
    "are any [pins|gpios|outputs] [on|high|low|active] [now|right now|at the moment|]",
    "[what|which] [pins|ones] [have you|did you] [got|turned|switch] on",
    "read all of them",
    "[show|list] [me|] the pins [you have|and their states|with their values]",
)
I2C = [
    *_rows(
        "i2c_scan {num} {num2}",
        "scan [the|] [i2c|I2C] [bus|] [on|with|at] sda [pin|gpio|=|] {num} [and|,|] scl [pin|gpio|=|] {num2}",
        "scan [i2c|the i2c bus|I2C|the i2c] [on|with|using] [pins|gpio|gpios|] {num} [and|,] {num2}",
        "[which|what] i2c [devices|addresses|sensors] are [on|there on|connected to] sda {num} [and|,|] scl {num2}",
        "[find|list|look for|search for|detect] [the|] i2c [devices|addresses] on [sda|pins|pin|gpio] {num} [and|,] [scl|] {num2}",
        "i2c scan [sda|] {num} [scl|] {num2}",
        "do an i2c scan [on|with] sda {num} [and|] scl {num2}",
    ),
    *_rows("i2c_scan {num2} {num}", "scan [the|] i2c [bus|] [on|with] scl [pin|] {num} [and|,] sda [pin|] {num2}",
           "i2c scan scl {num} sda {num2}"),
    *_rows("i2c_scan ?", "scan [the|] i2c [bus|]", "do an i2c scan", "[which|what] i2c devices are [there|connected]",
           "[find|list|look for|search for] [the|] i2c devices", "what is on the i2c bus",
           "is anything [connected to|on] [the|] i2c"),
]  # fmt: skip
