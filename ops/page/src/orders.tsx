import { useEffect, useState } from 'preact/hooks';
import { type Api, type Order, type Traced } from './api';
import type { Texts } from './texts';

export const when = (iso: string) => new Date(iso).toLocaleString([], { hour12: false });
const item = (o: Order) => (o.item_id ? `${o.quantity} × ${o.item_id}` : '–');
const amount = (o: Order, t: Texts) => `${o.amount} ${o.kind === 'goods' || o.kind === 'refund' ? t.fen : t.coins}`;
export const message = (e: unknown) => (e instanceof Error ? e.message : String(e));

export function OrderTable({ title, orders, empty, pick, t }: { title: string; orders: Order[]; empty: string; pick: (bill: string) => void; t: Texts }) {
  return (
    <section class="card" aria-label={title}>
      <h2>{title}</h2>
      {orders.length === 0 ? <p class="soft">{empty}</p> : (
        <div class="scroll">
          <table>
            <thead><tr><th>{t.bill}</th><th>{t.made}</th><th>{t.kind}</th><th>{t.item}</th><th>{t.amount}</th><th>{t.state}</th></tr></thead>
            <tbody>
              {orders.map((o) => (
                <tr key={o.bill_no}>
                  <td><button class="link" onClick={() => pick(o.bill_no)}>{o.bill_no}</button></td>
                  <td>{when(o.created_at)}</td><td>{o.kind}</td><td>{item(o)}</td><td>{amount(o, t)}</td>
                  <td><b class={'state ' + o.state}>{o.state}</b>{o.parked && <small> {t.parked}</small>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

// Search finds a player's orders, or those whose bill number begins as told.
export function Search({ api, pick, t }: { api: Api; pick: (bill: string) => void; t: Texts }) {
  const [what, setWhat] = useState('');
  const [found, setFound] = useState<{ orders: Order[]; next?: string; by: Record<string, string> }>();
  const [failed, setFailed] = useState('');
  async function find(by: Record<string, string>, before: Order[]) {
    try {
      const page = await api.orders({ ...by, limit: '20' });
      setFound({ orders: [...before, ...page.orders], next: page.next, by });
      setFailed('');
      return page.orders.length;
    } catch (e) {
      setFailed(message(e));
      return -1;
    }
  }
  async function submit(e: Event) {
    e.preventDefault();
    if (what.trim() && await find({ openid: what.trim() }, []) === 0) await find({ bill: what.trim() }, []);
  }
  return (
    <>
      <form class="search" role="search" onSubmit={submit}>
        <label>{t.searchLabel}<input value={what} onInput={(e) => setWhat(e.currentTarget.value)} spellcheck={false} autocomplete="off" /></label>
        <button class="main">{t.find}</button>
      </form>
      {failed && <p role="alert" class="failed">{failed}</p>}
      {found && <OrderTable title={t.found} orders={found.orders} empty={t.notFound} pick={pick} t={t} />}
      {found?.next && <button onClick={() => find({ ...found.by, after: found.next! }, found.orders)}>{t.more}</button>}
    </>
  );
}

// Detail is one order with its history as a timeline, and the decision if it waits for one.
export function Detail({ api, bill, close, t }: { api: Api; bill: string; close: () => void; t: Texts }) {
  const [o, setOrder] = useState<Traced>();
  const [failed, setFailed] = useState('');
  const [decided, setDecided] = useState(false);
  async function load() {
    try {
      setOrder(await api.order(bill));
      setFailed('');
    } catch (e) { setFailed(message(e)); }
  }
  useEffect(() => {
    setOrder(undefined);
    setDecided(false);
    void load();
  }, [bill]);
  useEffect(() => { // an open order is watched
    if (!o?.due_at) return;
    const again = setTimeout(load, 2000);
    return () => clearTimeout(again);
  }, [o]);
  return (
    <section class="card detail" aria-label={`${t.bill} ${bill}`}>
      <h2>{t.bill} <code>{bill}</code> <button class="quiet" onClick={close}>{t.close}</button></h2>
      {failed && <p role="alert" class="failed">{failed}</p>}
      {o && (
        <>
          <dl>
            <dt>{t.state}</dt><dd><b class={'state ' + o.state}>{o.state}</b>{o.parked && ` ${t.parked}`}{o.settled && ` ${t.settled}`}</dd>
            <dt>{t.player}</dt><dd><code>{o.openid}</code></dd>
            <dt>{t.item}</dt><dd>{item(o)} · {amount(o, t)} · {o.kind}</dd>
            <dt>{t.request}</dt><dd><code>{o.request_id}</code></dd>
            {o.due_at && <><dt>{t.due}</dt><dd>{when(o.due_at)}</dd></>}
          </dl>
          <h3>{t.history}</h3>
          <ol class="timeline">
            {o.events.map((e, i) => (
              <li key={i} class={e.to}>
                <time dateTime={e.at}>{when(e.at)}</time>
                <b>{e.from && e.from !== e.to ? `${e.from} → ${e.to}` : e.to}</b>
                {e.note && <span>{e.note}</span>}
                <small>{[e.code ? `code ${e.code}` : '', e.rid ? `rid ${e.rid}` : '', e.who].filter(Boolean).join(' · ')}</small>
              </li>
            ))}
          </ol>
          {decided && <p role="status" class="good">{t.decided}</p>}
          {o.state === 'disputed' && <Decide api={api} order={o} t={t} done={() => { setDecided(true); void load(); }} />}
        </>
      )}
    </section>
  );
}

const operator = 'leafmidas-ops-operator';

// Signed is a form of what somebody decides, with why and by whom.
export function Signed({ label, title, hint, send, children, t }: {
  label: string; title?: string; hint: string; send: (why: string, who: string) => Promise<void>; children?: preact.ComponentChildren; t: Texts;
}) {
  const [why, setWhy] = useState('');
  const [who, setWho] = useState(sessionStorage.getItem(operator) ?? '');
  const [failed, setFailed] = useState('');
  const [busy, setBusy] = useState(false);
  async function submit(e: Event) {
    e.preventDefault();
    setBusy(true);
    try {
      await send(why, who);
      sessionStorage.setItem(operator, who);
    } catch (e) {
      setFailed(message(e));
    } finally { setBusy(false); }
  }
  return (
    <form class="decide" onSubmit={submit} aria-label={title ?? label}>
      {title && <h3>{title}</h3>}
      <p class="soft">{hint}</p>
      {children}
      <label>{t.why}<input required maxLength={160} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label>
      <label>{t.who}<input required maxLength={30} value={who} onInput={(e) => setWho(e.currentTarget.value)} /></label>
      {failed && <p role="alert" class="failed">{failed}</p>}
      <button class="main" disabled={busy}>{label}</button>
    </form>
  );
}

function Decide({ api, order, done, t }: { api: Api; order: Order; done: () => void; t: Texts }) {
  const [as, setAs] = useState('');
  const choice = (value: string, label: string) => (
    <label class="choice"><input type="radio" name="as" required checked={as === value} onChange={() => setAs(value)} />{label}</label>
  );
  return (
    <Signed label={t.settle} title={t.decide} hint={t.decideHint} t={t} send={async (why, who) => {
      await api.resolve(order.bill_no, as, why, who);
      done();
    }}>
      {choice('delivered', t.asDelivered)}
      {order.kind !== 'refund' && order.kind !== 'credit' && choice('cancelled', t.asCancelled)}
    </Signed>
  );
}
