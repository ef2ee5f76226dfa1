import {
  AreaSeries,
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  TickMarkType,
  type IChartApi,
  type ISeriesApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { isBar, liveBar, type Bar, type LinePoint, type NoBar } from './series';

export interface PriceChartHandle {
  setLine(points: readonly LinePoint[]): void;
  setBars(bars: readonly (Bar | NoBar)[]): void;
  setLive(price: number, timeMs: number, stepMs: number): void;
  applyTheme(): void;
  remove(): void;
}

const LOCALE = 'en-GB';
const stamp = (seconds: number) => seconds as UTCTimestamp;
const toDate = (time: Time) => new Date(Number(time) * 1000);

/** The library thinks in UTC; the reader thinks in local time. */
function tickLabel(time: Time, kind: TickMarkType): string {
  const date = toDate(time);
  if (kind === TickMarkType.Time || kind === TickMarkType.TimeWithSeconds) {
    return date.toLocaleTimeString(LOCALE, { hour: '2-digit', minute: '2-digit' });
  }
  if (kind === TickMarkType.Year) return String(date.getFullYear());
  return date.toLocaleDateString(LOCALE, { day: 'numeric', month: 'short' });
}

function colours(element: Element) {
  const style = getComputedStyle(element);
  const read = (name: string) => style.getPropertyValue(name).trim();
  return {
    text: read('--muted'),
    line: read('--line'),
    accent: read('--accent'),
    fill: read('--accent-fade'),
    clear: read('--accent-clear'),
    up: read('--up'),
    down: read('--down'),
    missing: read('--warn'),
  };
}

const CLEAR = 'transparent';

/** The library draws a line from each point to the next one in the colours of the first. */
function linePoint({ time, value, endsBeforeGap }: LinePoint) {
  if (value === undefined) return { time: stamp(time) };
  return { time: stamp(time), value, ...(endsBeforeGap ? { lineColor: CLEAR, topColor: CLEAR, bottomColor: CLEAR } : {}) };
}

/** Everything that names the chart library. */
export function createPriceChart(box: HTMLElement, kind: 'line' | 'candles', format: (price: number) => string): PriceChartHandle {
  const chart: IChartApi = createChart(box, {
    autoSize: true,
    layout: { attributionLogo: true, fontFamily: getComputedStyle(box).fontFamily, fontSize: 11 },
    rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: 0.1 } },
    timeScale: { borderVisible: false, timeVisible: true, secondsVisible: false, tickMarkFormatter: tickLabel, rightOffset: 2 },
    crosshair: { mode: CrosshairMode.Magnet },
    handleScroll: { vertTouchDrag: false },
    localization: {
      priceFormatter: format,
      timeFormatter: (time: Time) => toDate(time).toLocaleString(LOCALE, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }),
    },
  });
  const priceFormat = { type: 'custom' as const, formatter: format, minMove: 1e-12 };
  const area: ISeriesApi<'Area'> | null = kind === 'line' ? chart.addSeries(AreaSeries, { lineWidth: 2, priceFormat }) : null;
  const candle: ISeriesApi<'Candlestick'> | null =
    kind === 'candles' ? chart.addSeries(CandlestickSeries, { borderVisible: false, priceFormat }) : null;
  let palette = colours(box);
  let stored: readonly (Bar | NoBar)[] = [];
  let lastBar: Bar | undefined;
  let lastTime = 0;

  const drawnBar = ({ incomplete, time, ...prices }: Bar) => ({
    time: stamp(time),
    ...prices,
    // A candle that missed trades says so: its colour is neither up nor down.
    ...(incomplete ? { color: palette.missing, wickColor: palette.missing } : {}),
  });
  const drawn = (item: Bar | NoBar) => (isBar(item) ? drawnBar(item) : { time: stamp(item.time) });
  const applyTheme = () => {
    palette = colours(box);
    chart.applyOptions({
      layout: { background: { type: ColorType.Solid, color: 'transparent' }, textColor: palette.text },
      grid: { vertLines: { visible: false }, horzLines: { color: palette.line } },
    });
    area?.applyOptions({ lineColor: palette.accent, topColor: palette.fill, bottomColor: palette.clear });
    candle?.applyOptions({ upColor: palette.up, downColor: palette.down, wickUpColor: palette.up, wickDownColor: palette.down });
    if (stored.length > 0) candle?.setData(stored.map(drawn));
  };
  applyTheme();

  return {
    applyTheme,
    setLine(points) {
      const first = lastTime === 0;
      area?.setData(points.map(linePoint));
      lastTime = points.at(-1)?.time ?? 0;
      if (first) chart.timeScale().fitContent();
    },
    setBars(bars) {
      const first = stored.length === 0;
      stored = bars;
      lastBar = bars.findLast(isBar);
      candle?.setData(bars.map(drawn));
      if (first) chart.timeScale().fitContent();
    },
    setLive(price, timeMs, stepMs) {
      if (area && lastTime > 0) {
        // One live point per step, so that a page left open all day does not grow without end.
        const step = Math.floor(timeMs / stepMs) * (stepMs / 1000);
        lastTime = Math.max(lastTime, Math.floor(step));
        area.update({ time: stamp(lastTime), value: price });
      }
      if (candle && lastBar) {
        lastBar = liveBar(lastBar, price, timeMs, stepMs);
        candle.update(drawnBar(lastBar));
      }
    },
    remove: () => chart.remove(),
  };
}
