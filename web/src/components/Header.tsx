import { useEffect, useRef } from 'react';
import { useStatus } from '../api/queries';
import { currencyChoices } from '../app/currency';
import { useConnection } from '../app/hooks';
import { Link, navigate, type Route } from '../app/router';

interface HeaderProps {
  route: Route;
  currency: string;
  onCurrency: (code: string) => void;
  search: string;
  onSearch: (text: string) => void;
}

const PAGES = [
  { page: 'markets', href: '/', label: 'Markets' },
  { page: 'volatility', href: '/volatility', label: 'Volatility' },
  { page: 'sources', href: '/sources', label: 'Sources' },
] as const;

export function Header({ route, currency, onCurrency, search, onSearch }: HeaderProps) {
  return (
    <header className="header">
      <div className="header-inner">
        <Link className="brand" href="/" aria-label="Tickspan, to the markets">
          <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
            <rect width="32" height="32" rx="8" fill="var(--accent)" />
            <path d="M5 20h5l3-10 5 14 3.5-9 1.5 5h4" fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round" />
          </svg>
          <span>Tickspan</span>
        </Link>
        <nav className="nav" aria-label="Pages">
          {PAGES.map(({ page, href, label }) => (
            <Link key={page} href={href} aria-current={route.page === page ? 'page' : undefined}>
              {label}
            </Link>
          ))}
          <a href="/docs">API</a>
        </nav>
        <Search value={search} onChange={onSearch} onMarkets={route.page === 'markets' || route.page === 'volatility'} />
        <CurrencySelect value={currency} onChange={onCurrency} />
        <ConnectionPill />
      </div>
    </header>
  );
}

function Search({ value, onChange, onMarkets }: { value: string; onChange: (text: string) => void; onMarkets: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.key !== '/' || event.ctrlKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) return;
      event.preventDefault();
      input.current?.focus();
    };
    window.addEventListener('keydown', focus);
    return () => window.removeEventListener('keydown', focus);
  }, []);
  const type = (text: string) => {
    onChange(text);
    if (!onMarkets && text !== '') navigate('/');
  };
  return (
    <div className="search" role="search">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <circle cx="7" cy="7" r="4.6" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="m10.5 10.5 3.2 3.2" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" />
      </svg>
      <input
        ref={input}
        type="search"
        placeholder="Search coins"
        aria-label="Search coins by name or symbol"
        aria-keyshortcuts="/"
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => type(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange('');
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </div>
  );
}

function CurrencySelect({ value, onChange }: { value: string; onChange: (code: string) => void }) {
  const { data } = useStatus();
  const { first, more } = currencyChoices(data?.currencies);
  const known = [...first, ...more].some(({ code }) => code === value);
  return (
    <select className="select" aria-label="Currency" value={value} onChange={(event) => onChange(event.target.value)}>
      {known ? null : <option value={value}>{value.toUpperCase()}</option>}
      {first.map(({ code, name }) => (
        <option key={code} value={code} title={name}>
          {code.toUpperCase()}
        </option>
      ))}
      {more.length > 0 ? (
        <optgroup label="More">
          {more.map(({ code, name }) => (
            <option key={code} value={code} title={name}>
              {code.toUpperCase()}
            </option>
          ))}
        </optgroup>
      ) : null}
    </select>
  );
}

const PHASES = {
  idle: { mark: 'down', label: 'Not connected' },
  connecting: { mark: 'quiet', label: 'Connecting' },
  open: { mark: 'live', label: 'Connected' },
  waiting: { mark: 'down', label: 'Disconnected' },
  failed: { mark: 'down', label: 'Refused' },
} as const;

function ConnectionPill() {
  const { phase } = useConnection();
  const { mark, label } = PHASES[phase];
  return (
    <span className={`pill pill-${mark}`} role="status" title={`Stream: ${label.toLowerCase()}`}>
      <i className="dot" aria-hidden="true" />
      <span className="pill-text">{label}</span>
    </span>
  );
}
