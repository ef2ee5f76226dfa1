const LOCALE = 'en-US';
const MINUS = '\u2212';
/** What stands where a number is not known. */
export const UNKNOWN = '–';

const formats = new Map<string, Intl.NumberFormat>();

function format(key: string, options: Intl.NumberFormatOptions): Intl.NumberFormat {
  let found = formats.get(key);
  if (!found) {
    found = new Intl.NumberFormat(LOCALE, options);
    formats.set(key, found);
  }
  return found;
}

function typographic(text: string): string {
  return text.replace('-', MINUS);
}

/** Whether Intl knows how to write this currency; others (btc, xau) are written `1.25 BTC`. */
function isIsoCurrency(code: string): boolean {
  return ISO_CURRENCIES.has(code.toUpperCase());
}
const ISO_CURRENCIES: ReadonlySet<string> = new Set(
  typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('currency') : ['USD', 'EUR', 'GBP', 'JPY', 'INR', 'PKR'],
);

/** Decimals that give a price at least four or five telling digits: 64,321.50, 1.9231, 0.00001234. */
export function priceDigits(value: number): { minimum: number; maximum: number } {
  const size = Math.abs(value);
  if (size === 0) return { minimum: 2, maximum: 2 };
  if (size >= 100) return { minimum: 2, maximum: 2 };
  if (size >= 10) return { minimum: 3, maximum: 3 };
  if (size >= 1) return { minimum: 4, maximum: 4 };
  const leadingZeros = Math.max(0, -Math.floor(Math.log10(size)) - 1);
  const digits = Math.min(18, leadingZeros + 5);
  return { minimum: digits, maximum: digits };
}

function money(value: number, currency: string, minimum: number, maximum: number, signed: boolean): string {
  const code = currency.toUpperCase();
  const iso = isIsoCurrency(code);
  const options: Intl.NumberFormatOptions = {
    minimumFractionDigits: minimum,
    maximumFractionDigits: maximum,
    signDisplay: signed ? 'exceptZero' : 'auto',
    ...(iso ? { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol' } : {}),
  };
  const text = typographic(format(`${code}|${minimum}|${maximum}|${signed}`, options).format(value));
  return iso ? text : `${text} ${code}`;
}

/** A price with its currency: `$64,321.50`, `₨17,930,000.00`, `0.0153 BTC`. */
export function formatPrice(value: number | null | undefined, currency: string): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  const { minimum, maximum } = priceDigits(value);
  return money(value, currency, minimum, maximum, false);
}

/** A change with its sign, in the digits of the price it belongs to: `+$1,210.20`, `−$0.0312`. */
export function formatChange(value: number | null | undefined, price: number | null | undefined, currency: string): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  const { minimum, maximum } = priceDigits(price ?? value);
  return money(value, currency, minimum, maximum, true);
}

/** Percent with sign, two decimals: `+1.92%`, `−0.40%`, `0.00%`. */
export function formatPercent(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  const text = format('percent', { minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: 'exceptZero' }).format(value);
  return `${typographic(text)}%`;
}

/** A part of a whole, without sign: `24%`, and `<1%` for what is little but not nothing. */
export function formatShare(share: number): string {
  return share > 0 && share < 0.005 ? '<1%' : `${Math.round(share * 100)}%`;
}

/** A large amount of money in short: `$1.29T`, `$29.1B`. */
export function formatCompactMoney(value: number | null | undefined, currency: string): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  const code = currency.toUpperCase();
  const iso = isIsoCurrency(code);
  const text = format(`compact|${code}`, {
    notation: 'compact',
    maximumSignificantDigits: 4,
    minimumSignificantDigits: 4,
    ...(iso ? { style: 'currency', currency: code, currencyDisplay: 'narrowSymbol' } : {}),
  }).format(value);
  return iso ? typographic(text) : `${typographic(text)} ${code}`;
}

/** A whole count: `1,439`. */
export function formatCount(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  return typographic(format('count', { maximumFractionDigits: 0 }).format(value));
}

/** A supply or other large count in short from 10,000 on: `9,312`, `19.7M`. */
export function formatCompact(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return UNKNOWN;
  if (Math.abs(value) < 10_000) return formatCount(value);
  return typographic(format('compact', { notation: 'compact', maximumSignificantDigits: 4 }).format(value));
}

/** Which way a number goes, after rounding to what is shown: nothing is called up that reads 0.00. */
export function direction(value: number | null | undefined, digits = 2): 'up' | 'down' | 'flat' {
  if (value == null || !Number.isFinite(value)) return 'flat';
  const rounded = Number(value.toFixed(Math.min(20, digits)));
  if (rounded > 0) return 'up';
  return rounded < 0 ? 'down' : 'flat';
}
