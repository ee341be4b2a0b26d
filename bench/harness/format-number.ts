/** Three digits that count: 293,000; 48.2; 1.07. */
export function formatNumber(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.abs(value))) - 2);
  const rounded = step === 1 ? value : Math.round(value / step) * step;
  return rounded.toLocaleString('en', { maximumFractionDigits: Math.min(digits, 3) });
}
