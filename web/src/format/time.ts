const LOCALE = 'en-GB';

/** An age in the largest fitting unit, never longer than seven characters: `0 s`, `59 s`, `12 min`, `3 h`, `40 d`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** The same in words, for screen readers. */
export function spokenAge(milliseconds: number): string {
  const [count, unit] = formatAge(milliseconds).split(' ');
  const words: Record<string, string> = { s: 'second', min: 'minute', h: 'hour', d: 'day' };
  const word = words[unit ?? ''] ?? '';
  return `${count} ${word}${count === '1' ? '' : 's'} old`;
}

const clockFormat = new Intl.DateTimeFormat(LOCALE, { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const dateTimeFormat = new Intl.DateTimeFormat(LOCALE, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
});

/** `14:03:59` in the reader's time zone. */
export function formatClock(time: number | string): string {
  return clockFormat.format(new Date(time));
}

/** `1 Jun, 14:03` in the reader's time zone. */
export function formatDateTime(time: number | string): string {
  return dateTimeFormat.format(new Date(time));
}

/** How long something lasts: `45 s`, `12 min`, `3.5 h`, `2.1 d`. */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds / 1000);
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 48 * 3600) return `${Number((seconds / 3600).toFixed(1))} h`;
  return `${Number((seconds / 86_400).toFixed(1))} d`;
}
