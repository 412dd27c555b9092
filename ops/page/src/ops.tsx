import { render } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { Api, dropToken, Failure, keepToken, type Order, type Point, type Push, rememberedToken, type Status } from './api';
import { Breakers, callLines, Chart, Funnel, latencyLines, seconds } from './charts';
import { Detail, message, OrderTable, Search } from './orders';
import { Pushes } from './pushes';
import { firstLanguage, keepLanguage, languages, type Language, type Texts } from './texts';

const lookEvery = 2000;
const hour = 3600_000;

function Page() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [token, setToken] = useState(rememberedToken);
  const [wrong, setWrong] = useState(false);
  const t = languages[language];
  useEffect(() => {
    keepLanguage(language);
    document.title = 'leafmidas · ' + t.title;
  }, [language]);
  function leave(refused: boolean) {
    dropToken();
    setToken('');
    setWrong(refused);
  }
  const other = <button class="quiet" lang={language === 'en' ? 'zh-CN' : 'en'} aria-label={t.otherLabel} onClick={() => setLanguage(language === 'en' ? 'zh' : 'en')}>{t.other}</button>;
  if (!token) {
    return (
      <main class="door">
        <form class="card" onSubmit={(e) => {
          e.preventDefault();
          const given = String(new FormData(e.currentTarget).get('token')).trim();
          keepToken(given);
          setWrong(false);
          setToken(given);
        }}>
          <h1>leafmidas · {t.title}</h1>
          <label>{t.token}<input name="token" type="password" required autocomplete="off" /></label>
          <p class="soft">{t.tokenHint}</p>
          {wrong && <p role="alert" class="failed">{t.wrongToken}</p>}
          <div class="row"><button class="main">{t.enter}</button>{other}</div>
        </form>
      </main>
    );
  }
  return <Desk key={token} token={token} t={t} other={other} leave={leave} />;
}

// useLive asks the server again and again, and keeps what it said last.
function useLive(api: Api, leave: (refused: boolean) => void) {
  const [status, setStatus] = useState<Status>();
  const [points, setPoints] = useState<Point[]>([]);
  const [oldest, setOldest] = useState<Order[]>([]);
  const [disputed, setDisputed] = useState<Order[]>([]);
  const [kept, setKept] = useState<Push[]>([]);
  const [away, setAway] = useState(false);
  const [turn, setTurn] = useState(0);
  const last = useRef(0);
  useEffect(() => {
    let over = false;
    let next = 0;
    async function look() {
      try {
        const [now, series, open, waiting, pushes] = await Promise.all([
          api.status(), api.series(last.current),
          api.orders({ stuck: '1', oldest: '1', limit: '8' }).catch(() => undefined),
          api.orders({ state: 'disputed', oldest: '1', limit: '8' }).catch(() => undefined),
          api.pushes().catch(() => undefined),
        ]);
        if (over) return;
        setStatus(now);
        last.current = series.points.at(-1)?.at ?? last.current;
        if (series.points.length) setPoints((before) => [...before, ...series.points].filter((p) => p.at > Date.now() - hour));
        if (open) setOldest(open.orders);
        if (waiting) setDisputed(waiting.orders);
        if (pushes) setKept(pushes.pushes.slice(0, 8));
        setAway(false);
      } catch (e) {
        if (over) return;
        if (e instanceof Failure && e.status === 401) { leave(true); return; }
        setAway(true);
      }
      next = window.setTimeout(look, lookEvery);
    }
    void look();
    return () => { over = true; clearTimeout(next); };
  }, [api, turn]);
  return { status, points, oldest, disputed, kept, away, again: () => setTurn((n) => n + 1) };
}

function Desk({ token, t, other, leave }: { token: string; t: Texts; other: preact.JSX.Element; leave: (refused: boolean) => void }) {
  const api = useMemo(() => new Api(token), [token]);
  const { status, points, oldest, disputed, kept, away, again } = useLive(api, leave);
  const [endpoint, setEndpoint] = useState('');
  const [bill, setBill] = useState('');
  const at = useMemo(() => seconds(points), [points]);
  const endpoints = status?.calls.map((c) => c.endpoint) ?? [];
  return (
    <>
      <header>
        <h1>leafmidas · {t.title}</h1>
        {status && <Pills status={status} t={t} />}
        <div class="row">
          {status && <Pause api={api} paused={status.paused} done={again} t={t} />}
          {other}
          <button class="quiet" onClick={() => leave(false)}>{t.leave}</button>
        </div>
      </header>
      <main>
        {away && <p role="alert" class="failed">{t.away}</p>}
        {status && <Figures status={status} t={t} />}
        <Search api={api} pick={setBill} t={t} />
        {bill && <Detail api={api} bill={bill} close={() => setBill('')} t={t} />}
        {disputed.length > 0 && <OrderTable title={t.disputedOrders} orders={disputed} empty={t.nothing} pick={setBill} t={t} />}
        {kept.length > 0 && <Pushes api={api} pushes={kept} done={again} t={t} />}
        {points.length === 0 ? <p class="soft">{t.noData}</p> : (
          <>
            <label class="choose">{t.endpoint}
              <select value={endpoint} onChange={(e) => setEndpoint(e.currentTarget.value)}>
                <option value="">{t.all}</option>
                {endpoints.map((e) => <option key={e} value={e}>{e}</option>)}
              </select>
            </label>
            <div class="grid">
              <Chart title={t.calls} at={at} lines={callLines(points, endpoint, t)} />
              <Chart title={t.latency} at={at} lines={latencyLines(points, endpoint)} />
              <Breakers points={points} endpoints={endpoints} t={t} />
              <Funnel points={points} t={t} />
              <Chart title={t.backlog} at={at} lines={[
                { label: t.openOrders, color: '--accent', values: points.map((p) => (p.open < 0 ? null : p.open)) },
                { label: t.disputed, color: '--bad', values: points.map((p) => (p.disputed < 0 ? null : p.disputed)) },
              ]} />
              <Chart title={t.age} at={at} lines={[{ label: t.oldest, color: '--warn', values: points.map((p) => (p.oldest_ms < 0 ? null : p.oldest_ms / 1000)) }]} />
            </div>
          </>
        )}
        <OrderTable title={t.oldestOrders} orders={oldest} empty={t.nothing} pick={setBill} t={t} />
      </main>
    </>
  );
}

function Pills({ status, t }: { status: Status; t: Texts }) {
  const pay = status.calls.find((c) => c.endpoint === 'pay');
  const shop = status.paused ? ['warn', t.paused] : pay && pay.held_back_ms > 0 ? ['bad', t.heldBack] : ['good', t.open];
  return (
    <p class="pills" role="status">
      <span class={shop[0]}>{shop[1]}</span>
      <span class={status.ledger_up ? 'good' : 'bad'}>{status.ledger_up ? t.ledgerUp : t.ledgerDown}</span>
      {status.redis_up !== undefined && <span class={status.redis_up ? 'good' : 'bad'}>{status.redis_up ? t.redisUp : t.redisDown}</span>}
    </p>
  );
}

function Pause({ api, paused, done, t }: { api: Api; paused: boolean; done: () => void; t: Texts }) {
  const [asked, setAsked] = useState(false);
  const [failed, setFailed] = useState('');
  async function set(to: boolean) {
    setAsked(false);
    try {
      await api.pause(to);
      setFailed('');
      done();
    } catch (e) { setFailed(message(e)); }
  }
  if (failed) return <p role="alert" class="failed">{failed} <button onClick={() => setFailed('')}>{t.close}</button></p>;
  if (paused) return <button class="main" onClick={() => set(false)}>{t.resume}</button>;
  if (!asked) return <button onClick={() => setAsked(true)}>{t.pause}</button>;
  return <p class="row" role="alert"><span>{t.pauseSure}</span><button class="danger" onClick={() => set(true)}>{t.sure}</button><button onClick={() => setAsked(false)}>{t.no}</button></p>;
}

function Figures({ status: s, t }: { status: Status; t: Texts }) {
  const since = (iso?: string) => (iso ? duration(Date.parse(s.at) - Date.parse(iso)) : t.none);
  const b = s.backlog;
  const figures: [string, string | number][] = [
    [t.connections, s.connections], [t.running, `${s.running} / ${s.max_running}`], [t.waiting, `${s.waiting} / ${s.max_waiting}`],
    [t.openOrders, b ? Object.values(b.open).reduce((n, one) => n + one, 0) : '?'], [t.oldest, b ? since(b.oldest_at) : '?'],
    [t.disputed, b ? b.disputed : '?'], [t.kept, b ? b.kept : '?'], [t.token_, since(s.token.obtained_at)],
  ];
  return <dl class="figures">{figures.map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}

function duration(ms: number) {
  const s = Math.max(0, Math.round(ms / 1000));
  return s < 120 ? `${s} s` : s < 7200 ? `${Math.round(s / 60)} min` : `${Math.round(s / 3600)} h`;
}

render(<Page />, document.getElementById('app')!);
