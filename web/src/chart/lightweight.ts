import {
  AreaSeries,
  CandlestickSeries,
  ColorType,
  createChart,
  CrosshairMode,
  TickMarkType,
  type IChartApi,
  type Logical,
  type ISeriesApi,
  type Time,
  type UTCTimestamp,
} from 'lightweight-charts';
import { logicalOf, timeOf } from './gaps';
import { isBar, liveBar, type Bar, type LinePoint, type NoBar } from './series';

export interface PriceChartHandle {
  setLine(points: readonly LinePoint[]): void;
  setBars(bars: readonly (Bar | NoBar)[]): void;
  setLive(price: number, timeMs: number, stepMs: number): void;
  applyTheme(): void;
  /** Where times (milliseconds) lie in the pane, in pixels; nothing before there is data. */
  place(start: number, end: number): { left: number; width: number } | undefined;
  /** The time at a place of the pane, and how much time a pixel is. */
  timeAt(x: number): { time: number; perPixel: number } | undefined;
  pane(): { width: number; height: number };
  /** Calls back whenever places may have changed. Returns what ends it. */
  onMove(moved: () => void): () => void;
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
const MIN_SHADE = 3; // pixels

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
  let times: number[] = []; // of the points, in seconds

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
      times = points.map(({ time }) => time);
      lastTime = points.at(-1)?.time ?? 0;
      if (first) chart.timeScale().fitContent();
    },
    setBars(bars) {
      const first = stored.length === 0;
      stored = bars;
      lastBar = bars.findLast(isBar);
      candle?.setData(bars.map(drawn));
      times = bars.map(({ time }) => time);
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
    place(start, end) {
      if (times.length < 2) return undefined;
      const { width } = this.pane();
      // The library places whole numbers only.
      const origin = chart.timeScale().logicalToCoordinate(0 as Logical);
      if (origin === null) return undefined;
      const x = (time: number) => origin + logicalOf(times, time / 1000) * chart.timeScale().options().barSpacing;
      const [from, to] = [x(start), x(end)];
      // A moment is seen, too.
      const left = Math.min(from, to - MIN_SHADE);
      const cut = (value: number) => Math.min(width, Math.max(0, value));
      return cut(to) > cut(left) ? { left: cut(left), width: cut(to) - cut(left) } : undefined;
    },
    timeAt(x) {
      const logical = chart.timeScale().coordinateToLogical(x);
      if (logical === null || times.length < 2) return undefined;
      const time = timeOf(times, logical);
      const next = timeOf(times, logical + 1) ?? time;
      if (time === undefined || next === undefined) return undefined;
      return { time: time * 1000, perPixel: ((next - time) * 1000) / chart.timeScale().options().barSpacing };
    },
    pane: () => ({ width: chart.timeScale().width(), height: chart.panes()[0]?.getHeight() ?? 0 }),
    onMove(moved) {
      chart.timeScale().subscribeVisibleLogicalRangeChange(moved);
      chart.timeScale().subscribeSizeChange(moved);
      return () => {
        chart.timeScale().unsubscribeVisibleLogicalRangeChange(moved);
        chart.timeScale().unsubscribeSizeChange(moved);
      };
    },
    remove: () => chart.remove(),
  };
}
