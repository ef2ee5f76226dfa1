import { createContext, useContext } from 'react';
import type { CurrencyInfo } from '../api/types';

const KEY = 'tickspan.currency';
export const DEFAULT_CURRENCY = 'usd';

/** These come first, in this order; whatever else the server offers follows by code. */
export const FIRST: readonly CurrencyInfo[] = [
  { code: 'usd', name: 'US Dollar', unit: '$', kind: 'fiat' },
  { code: 'eur', name: 'Euro', unit: '€', kind: 'fiat' },
  { code: 'gbp', name: 'British Pound Sterling', unit: '£', kind: 'fiat' },
  { code: 'jpy', name: 'Japanese Yen', unit: '¥', kind: 'fiat' },
  { code: 'inr', name: 'Indian Rupee', unit: '₹', kind: 'fiat' },
  { code: 'pkr', name: 'Pakistani Rupee', unit: '₨', kind: 'fiat' },
];

/** All currencies to choose from. Until the server has told, the usual six. */
export function currencyChoices(offered: readonly CurrencyInfo[] | undefined): { first: readonly CurrencyInfo[]; more: CurrencyInfo[] } {
  const known = new Map((offered ?? []).map((currency) => [currency.code.toLowerCase(), currency]));
  const first = known.size === 0 ? FIRST : FIRST.filter(({ code }) => known.has(code));
  const taken = new Set(FIRST.map(({ code }) => code));
  const more = [...known.entries()]
    .filter(([code]) => !taken.has(code))
    .map(([code, currency]) => ({ ...currency, code }))
    .sort((a, b) => a.code.localeCompare(b.code));
  return { first, more };
}

export function loadCurrency(): string {
  try {
    const stored = localStorage.getItem(KEY);
    if (stored && /^[a-z0-9-]{2,24}$/.test(stored)) return stored;
  } catch {
    // no storage in this browser: the choice lasts as long as the page
  }
  return DEFAULT_CURRENCY;
}

export function saveCurrency(code: string): void {
  try {
    localStorage.setItem(KEY, code);
  } catch {
    // as above
  }
}

export const CurrencyContext = createContext(DEFAULT_CURRENCY);
export const useCurrency = (): string => useContext(CurrencyContext);
