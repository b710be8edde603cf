"""The ways to say one step: on, off, wait, tell, emit, on a bus; <verbs> are conjugated."""

# ruff: noqa: E501  (one pattern a line reads best)

from __future__ import annotations

from ..listed import barred
from .pins import rows as _rows

ON = barred(
    "<turn> <P> on|<turn> <P> on|<turn> on <P>|<switch> <P> on|<switch> on <P>|<set> <P> high|<set> <P> to 1|<activate> <P>|"
    "<start> <P>|<open> <P>|<turn> <P> back on|<pull> <P> high|<power> <P>|<put> <P> on|<set> <P> on|<switch> <P> on again|<bring> <P> up|"
    "<fire> <P> up|<power> up <P>|<energise> <P>|<enable> <P>|<drive> <P> high|<make> <P> high|<bring> <P> high|<raise> <P>|<light> <P>|<light> up <P>|<run> <P>|<take> <P> high|<write> 1 to <P>|<flip> <P> on|<P> on|<P> on|<P> high|<keep> <P> on|<get> <P> going"
)
OFF = barred(
    "<turn> <P> off|<turn> <P> off|<turn> off <P>|<switch> <P> off|<switch> off <P>|<set> <P> low|<set> <P> to 0|<deactivate> <P>|"
    "<stop> <P>|<close> <P>|<turn> <P> off again|<turn> <P> back off|<pull> <P> low|<shut> <P> off|<put> <P> off|<switch> <P> off again|<cut> <P>|<set> <P> off|"
    "<power> down <P>|<disable> <P>|<drive> <P> low|<make> <P> low|<bring> <P> low|<lower> <P>|<kill> <P>|<shut> off <P>|<shut> <P> down|<halt> <P>|<take> <P> low|<write> 0 to <P>|<flip> <P> off|<clear> <P>|<P> off|<P> off|<P> low|<end> <P>|<silence> <P>"
)
TOGGLE = barred("<toggle> <P>|<toggle> <P>|<flip> <P>|<invert> <P>|<toggle> the state of <P>")
WAIT = barred(
    "<wait> {pause}|<wait> {pause}|<wait> {pause}|<wait> for {pause}|<pause> {pause}|<pause> for {pause}|<delay> {pause}|<wait> another {plainpause}|"
    "<hold> for {pause}|<sleep> {pause}|<sleep> for {pause}|<delay> for {pause}|<give> it {pause}|<rest> for {pause}"
)
TELL = barred(
    "<tell> me {said}|<tell> me that {said}|<notify> me that {said}|<send> me a message that {said}|<let> me know that {said}|<warn> me that {said}|"
    '<tell> me "{said}"|<send> a notification saying {said}|<say> {said}|<inform> me that {said}|<alert> me that {said}|<notify> me: {said}|'
    "<send> me a message: {said}|<send> me a notification: {said}|<send> me a note that {said}|<send> a message saying {said}|<send> a text that {said}|<send> me an alert: {said}|<send> a notification: {said}|<send> a message that {said}|<send> an alert with the text {said}|<remind> me to {todo}|<remind> me that {said}|<ping> me that {said}|"
    "<message> me that {said}|<text> me that {said}|<notify> me with {said}|<report> that {said}|<tell> us that {said}|<announce> that {said}|<notify> me to {todo}|<tell> me to {todo}|"
    "<alert> me: {said}|<notify> {said}|<write> me that {said}|<give> me the message {said}|<send> me: {said}"
)
EMIT = (
    *_rows("emit {ename}", "<emit> {ename}", "<emit> the event {ename}", "<send> the event {ename}", "<send> event {ename}", "<broadcast> {ename}",
           "<broadcast> the event {ename}", "<fire> the event {ename}", "<raise> the event {ename}", "<publish> the event {ename}", "<emit> an event called {ename}",
           "<tell> the other boards {ename}", "<send> an event named {ename}", "<signal> {ename} to the other boards", "<trigger> the event {ename}",
           "<send> {ename} to [all|the|all the] other boards", "<send> out the event {ename}", "<tell> [all|the] [other|] boards about {ename}"),
    *_rows("emit {ename} +tag {tag}", "<emit> {ename} to all boards tagged {tag}", "<send> the event {ename} to the {tag} boards", "<emit> the event {ename} to the {tag} boards",
           "<send> the event {ename} to the boards tagged {tag}", "<emit> {ename} to [everyone|all] with the tag {tag}", "<broadcast> {ename} to the tag {tag}",
           "<send> {ename} to [the|] {tag}", "<emit> the event {ename} with tag {tag}", "<tell> the {tag} boards {ename}"),
)  # fmt: skip
ASK = _rows("ask {prompt}", "<ask> the [model|ai|assistant|llm|big model|cloud] {prompt}", "<ask> the [model|ai|assistant] to {prompt}", "<ask> the [model|ai|assistant] for {prompt}",
             "<ask> the [model|ai|assistant] about {prompt}", "<ask> the model: {prompt}", "<ask> ai for {prompt}", "<ask> the model \"{prompt}\"")  # fmt: skip
OTHERS = [
    *_rows("pwm_write {sure} {pct}", "{sure} [at|to] {pct}", "<set> {sure} to {pct}", "<dim> {sure} to {pct}", "<run> {sure} at {pct}", "<set> {sure} to {pct} [power|brightness|duty|speed]", "<bring> {sure} to {pct}"),
    *_rows("servo_write {servo} {degrees}", "<move> {servo} to {degrees}", "<turn> {servo} to {degrees}", "<set> {servo} to {angle}", "<rotate> {servo} to {degrees}"),
    *_rows("neopixel_write {neopixel} {colour}", "<set> {neopixel} to {colour}", "<make> {neopixel} {colour}", "<turn> {neopixel} {colour}", "<colour> {neopixel} {colour}", "<paint> {neopixel} {colour}"),
    *_rows("neopixel_write {neopixel} off", "<turn> {neopixel} off", "<turn> off {neopixel}", "<clear> {neopixel}", "<switch> {neopixel} off"),
    *_rows("gpio_read {sure}", "<read> {sure}", "<read> the level of {sure}", "<look> at {sure}", "<check> {sure}", "<read> the state of {sure}"),
    *_rows("adc_read {sure}", "<measure> the voltage on {sure}", "<read> the voltage [on|of] {sure}", "<read> the adc on {sure}"),
    *_rows("dht_read {sure} dht22", "<read> the dht22 on {sure}"),
    *_rows("ds18x20_read {sure}", "<read> the ds18b20 on {sure}"),
    *_rows("script_run {sname}", "<run> {sname}", "<run> the {sname} script", "<run> the script {sname}", "<start> the script {sname}", "<execute> {sname}", "<call> {sname}"),
]  # fmt: skip
RUN = _rows("script_run {sname}", "<run> {sname}", "<run> {sname}", "<run> the {sname} [script|routine|macro|tool]", "<run> the [script|routine|macro|tool] [called|named|] {sname}", "<execute> [the|] [script|routine|tool] {sname}", "<execute> {sname}",
            "<start> the [script|routine|macro|tool] {sname}", "<start> the {sname} [script|routine|tool]", "<launch> the script {sname}", "<call> {sname}", "<use> {sname}", "<perform> {sname}", "<do> the {sname} [routine|script]", "<trigger> the {sname} script", "<play> the script {sname}")  # fmt: skip
MOVES = (
    ("servo_write", "servo", "degrees", ("<move> <P> to \x02", "<turn> <P> to \x02", "<set> <P> to \x02", "<rotate> <P> to \x02", "<swing> <P> to \x02", "<bring> <P> back to \x02", "<open> <P> to \x02", "<close> <P> to \x02")),
    ("servo_write", "servo", "angle", ("<move> <P> to \x02", "<turn> <P> to \x02", "<set> <P> to \x02")),
    ("pwm_write", "sure", "pct", ("<set> <P> to \x02", "<dim> <P> to \x02", "<bring> <P> to \x02", "<run> <P> at \x02", "<put> <P> at \x02", "<fade> <P> to \x02")),
    ("neopixel_write", "neopixel", "colour", ("<set> <P> to \x02", "<make> <P> \x02", "<turn> <P> \x02", "<change> <P> to \x02", "<paint> <P> \x02")),
)  # fmt: skip
NUMBERS = (
    (
        "<turn> on @",
        "<turn> @ on",
        "<switch> on @",
        "<switch> @ on",
        "<set> @ high",
        "<start> @",
        "<put> @ on",
        "<pull> @ high",
    ),
    (
        "<turn> off @",
        "<turn> @ off",
        "<switch> off @",
        "<switch> @ off",
        "<shut> off @",
        "<set> @ low",
        "<kill> @",
        "<stop> @",
        "<cut> @",
        "<put> @ off",
        "<pull> @ low",
    ),
    ("<toggle> @", "<flip> @", "<invert> @"),
)
BUS = ("sda {num} scl {num2}", "sda {num} and scl {num2}", "sda on {num} and scl on {num2}", "sda pin {num}, scl pin {num2}", "pins {num} and {num2}")  # fmt: skip
WIRED = (
    ("i2c_write {num} {num2} {addr} {hexdata}", ("<write> {hexdata} to {addr} on B", "<send> {hexdata} to [address|the device at|] {addr} [on|over|using] B", "<write> the byte {hexdata} to [address|device] {addr} on B")),
    ("i2c_read {num} {num2} {addr} {bytes}", ("<read> {bytes} from {addr} on B", "<get> {bytes} from [address|the device at] {addr} on B", "<fetch> {bytes} from {addr} with B")),
    ("i2c_write_read {num} {num2} {addr} {reg} {bytes}", ("<read> {bytes} from register {reg} of [address|device|] {addr} on B", "<read> {bytes} from register {reg} of address {addr} on B", "<get> {bytes} of register {reg} at {addr} on B")),
)  # fmt: skip
STRIP = (
    "ring",
    "strip",
    "neopixel",
    "neopixels",
    "led strip",
    "pixels",
    "rgb strip",
    "ring light",
)
ALL = ("all of it", "all of that", "all that", "all this", "the whole thing", "everything", "the lot", "the whole lot", "repeat it all", "repeat all of it", "repeat everything", "and do all of it", "do all of that", "repeat the whole thing", "do the whole thing", "and repeat all that", "repeat this all", "and all of it", "the whole sequence", "loop it all", "loop the whole thing", "and the whole thing")  # fmt: skip
DARK = ("<turn> <P> off", "<switch> <P> off", "<turn> <P> off again")
