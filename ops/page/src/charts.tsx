import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import type { Counts, Point } from './api';
import type { Texts } from './texts';

interface Line { label: string; color: string; values: (number | null)[] }

const color = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Chart draws lines over time, and follows them.
export function Chart({ title, at, lines }: { title: string; at: number[]; lines: Line[] }) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const key = lines.map((l) => l.label).join();
  useEffect(() => {
    const place = box.current!;
    const day = { hour: '{HH}:{mm}', second: '{HH}:{mm}:{ss}' };
    const axis = { stroke: color('--soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    plot.current = new uPlot({
      width: place.clientWidth, height: 170, legend: { live: true }, cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_u, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [{ ...axis, space: 80, values: (_u, splits, _i, _s, step) => splits.map((s) => uPlot.fmtDate(step < 60 ? day.second : day.hour)(new Date(s * 1000))) }, { ...axis, size: 44 }],
      series: [{ value: '{HH}:{mm}:{ss}' }, ...lines.map((l) => ({ label: l.label, stroke: color(l.color), width: 1.8, points: { show: false }, spanGaps: false }))],
    }, [at, ...lines.map((l) => l.values)], place);
    const size = new ResizeObserver(() => plot.current?.setSize({ width: place.clientWidth, height: 170 }));
    size.observe(place);
    return () => { size.disconnect(); plot.current?.destroy(); };
  }, [key]);
  useEffect(() => { plot.current?.setData([at, ...lines.map((l) => l.values)]); }, [at]);
  return <section class="card" aria-label={title}><h2>{title}</h2><div ref={box} role="img" aria-label={summary(title, lines)} /></section>;
}

// summary says in words what the picture shows last.
function summary(title: string, lines: Line[]) {
  return `${title}: ` + lines.map((l) => `${l.label} ${Math.round((l.values.at(-1) ?? 0) * 10) / 10}`).join(', ');
}

export const seconds = (points: Point[]) => points.map((p) => p.at / 1000);

// calls sums up the endpoints that were chosen, per minute.
export function callLines(points: Point[], endpoint: string, t: Texts): Line[] {
  const parts: [keyof Counts, string][] = [['done', '--good'], ['refused', '--warn'], ['no_answer', '--bad'], ['held_back', '--soft']];
  return parts.map(([part, stroke]) => ({
    label: t[part], color: stroke,
    values: points.map((p) => {
      const sum = Object.entries(p.calls ?? {}).reduce((n, [e, c]) => (!endpoint || e === endpoint ? n + c[part] : n), 0);
      return (sum * 60) / p.seconds;
    }),
  }));
}

// latencyLines show the slowest of the endpoints that were chosen.
export function latencyLines(points: Point[], endpoint: string): Line[] {
  const worst = (p: Point, which: 'p50_ms' | 'p99_ms') => {
    const all = Object.entries(p.calls ?? {}).filter(([e, c]) => (!endpoint || e === endpoint) && c[which]).map(([, c]) => c[which]!);
    return all.length ? Math.max(...all) : null;
  };
  return [
    { label: 'p50', color: '--accent', values: points.map((p) => worst(p, 'p50_ms')) },
    { label: 'p99', color: '--warn', values: points.map((p) => worst(p, 'p99_ms')) },
  ];
}

// Breakers shows each endpoint's breaker as a ribbon through the hour.
export function Breakers({ points, endpoints, t }: { points: Point[]; endpoints: string[]; t: Texts }) {
  const names: Record<string, string> = { closed: t.closed, half_open: t.half_open, open: t.isOpen, held: t.held };
  return (
    <section class="card" aria-label={t.breakers}>
      <h2>{t.breakers}</h2>
      <ul class="ribbons">
        {endpoints.map((e) => {
          const runs: { state: string; from: number; to: number; n: number }[] = [];
          for (const p of points) {
            const c = p.calls?.[e];
            const state = c?.state ?? (c?.held ? 'held' : 'closed');
            const last = runs.at(-1);
            if (last?.state === state) { last.n++; last.to = p.at; } else { runs.push({ state, from: p.at, to: p.at, n: 1 }); }
          }
          const now = runs.at(-1)?.state ?? 'closed';
          return (
            <li key={e}>
              <span class="name">{e}</span>
              <span class="ribbon" role="img" aria-label={`${e}: ${names[now]}`}>
                {runs.map((r) => <i key={r.from} class={r.state} style={{ flexGrow: r.n }} title={`${clock(r.from)}–${clock(r.to)} ${names[r.state]}`} />)}
              </span>
              <b class={'word ' + now}>{names[now]}</b>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

// Funnel shows how many orders came into each state.
export function Funnel({ points, t }: { points: Point[]; t: Texts }) {
  const steps = ['paying', 'paid', 'delivered', 'reversing', 'refunding', 'cancelled', 'failed', 'disputed'];
  const sums = steps.map((s) => points.reduce((n, p) => n + (p.reached?.[s] ?? 0), 0));
  const most = Math.max(1, ...sums);
  return (
    <section class="card" aria-label={t.funnel}>
      <h2>{t.funnel}</h2>
      <ul class="funnel">
        {steps.map((s, i) => (
          <li key={s}><span class="name">{s}</span><span class="track"><i class={s} style={{ width: `${(100 * sums[i]) / most}%` }} /></span><b>{sums[i]}</b></li>
        ))}
      </ul>
    </section>
  );
}

export const clock = (ms: number | string) => new Date(ms).toLocaleTimeString([], { hour12: false });
