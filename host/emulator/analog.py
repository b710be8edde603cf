"""The analog side: what is wired to the ADC pins, and what PWM puts out."""

from dataclasses import dataclass, field

from host.board_chips import Chip
from host.emulator.clock import Clock


@dataclass
class AdcInput:
    """The voltage on one ADC pin."""

    microvolts: int = 0

    def set_mv(self, millivolts: float) -> None:
        """Put a voltage on the pin, in millivolts (0..3300)."""
        self.microvolts = round(millivolts * 1000)


class Analog:
    """All ADC inputs of a chip, ADC1's and ADC2's."""

    def __init__(self, chip: Chip) -> None:
        self._inputs = {pin: AdcInput() for pin in sorted(chip.adc)}

    def __getitem__(self, pin: int) -> AdcInput:
        """Return one input. Raises KeyError where the chip has no ADC."""
        try:
            return self._inputs[pin]
        except KeyError:
            raise KeyError(f"GPIO {pin} has no ADC; these have: {list(self._inputs)}") from None


@dataclass
class PwmOutput:
    """What one pin puts out. history: (virtual seconds, frequency in Hz, duty 0..65535)."""

    frequency_hz: int = 0
    duty_u16: int = 0
    history: list[tuple[float, int, int]] = field(default_factory=list[tuple[float, int, int]])

    @property
    def duty_pct(self) -> float:
        """The duty cycle in per cent."""
        return self.duty_u16 * 100 / 65536


class Pwm:
    """All PWM outputs; frequency 0 is off."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._outputs: dict[int, PwmOutput] = {}

    def __getitem__(self, pin: int) -> PwmOutput:
        """Return what a pin puts out."""
        return self._outputs.setdefault(pin, PwmOutput())

    def set(self, pin: int, frequency_hz: int, duty_u16: int) -> None:
        """Start, change or (frequency 0) end the output of a pin."""
        output = self[pin]
        output.frequency_hz, output.duty_u16 = frequency_hz, duty_u16
        output.history.append((self._clock.now_us / 1e6, frequency_hz, duty_u16))

    def reset(self) -> None:
        """Switch all off, as a reset does."""
        for pin, output in self._outputs.items():
            if output.frequency_hz:
                self.set(pin, 0, 0)
