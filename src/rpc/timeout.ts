const unitNanoseconds = { H: 3_600e9, M: 60e9, S: 1e9, m: 1e6, u: 1e3, n: 1 };
/** The finest unit first. */
const unitsByPrecision = ['n', 'u', 'm', 'S', 'M'] as const;
/**
 * From this value on the next coarser unit would be too coarse; three digits are precise enough. A timeout of 10 s is then
 * `10000m` for call after call: one octet in the header block, which both sides know already.
 */
const sufficientValue = 100;
/** TimeoutValue of PROTOCOL-HTTP2.md has at most eight digits. */
const largestValue = 99_999_999;

/**
 * The `grpc-timeout` of a time in milliseconds, as it is or by at most 1 % longer. Rounds up, so that a peer never gives up before we do and a short time
 * never becomes none at all; what is over (zero, negative) is the shortest timeout there is, `1n`. The longest is 99,999,999 hours.
 */
export function formatTimeout(milliseconds: number): string {
  // Written so that NaN ends here too.
  if (!(milliseconds > 0)) {
    return '1n';
  }
  // Milliseconds, where they will do, without looking for them.
  const first = milliseconds < sufficientValue ? 0 : 2;
  for (let index = first; index < unitsByPrecision.length; index++) {
    const unit = unitsByPrecision[index]!;
    const value = Math.ceil((milliseconds * 1e6) / unitNanoseconds[unit]);
    if (value <= largestValue && (index >= 2 || value < sufficientValue * 1_000)) {
      return `${value}${unit}`;
    }
  }
  const hours = Math.ceil(milliseconds / 3_600_000);
  return `${Math.min(hours, largestValue)}H`;
}

/**
 * Milliseconds, with a fraction where the unit is finer. `undefined` when the text is malformed. Zero is accepted, though the
 * grammar says "positive": it means a deadline that has passed.
 */
export function parseTimeout(text: string): number | undefined {
  const digits = text.length - 1;
  if (digits < 1 || digits > 8) {
    return undefined;
  }
  let value = 0;
  for (let index = 0; index < digits; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (digit < 0 || digit > 9) {
      return undefined;
    }
    value = value * 10 + digit;
  }
  switch (text.charCodeAt(digits)) {
    case 0x48: // H
      return value * 3_600_000;
    case 0x4d: // M
      return value * 60_000;
    case 0x53: // S
      return value * 1_000;
    case 0x6d: // m
      return value;
    case 0x75: // u
      return value / 1e3;
    case 0x6e: // n
      return value / 1e6;
    default:
      return undefined;
  }
}
