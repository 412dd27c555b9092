// What the player has, and what became of the orders.
import { Coin, ItemArt, Sign } from './icons';
import type { RechargeRecord } from 'leafmidas-client';
import type { OrderRow, Store } from './store';
import { itemName, number, yuan } from './texts';

export function BagView({ store }: { store: Store }) {
  const { t } = store;
  const held = Object.entries(store.bag).filter(([, count]) => count > 0);
  return (
    <section class="bag panel" aria-labelledby="bag-title">
      <h2 id="bag-title">{t.bag}</h2>
      {held.length === 0
        ? <p class="empty">{t.emptyBag}</p>
        : <ul>{held.map(([id, count]) => <li key={id} data-bag={id}><ItemArt id={id} /><span>{nameOf(store, id)}</span><b>×{count}</b></li>)}</ul>}
    </section>
  );
}

export function OrdersView({ store }: { store: Store }) {
  const { t } = store;
  return (
    <section class="orders panel" aria-labelledby="orders-title">
      <h2 id="orders-title">{t.orders}</h2>
      {store.orders.length === 0 && <p class="empty">{t.noOrders}</p>}
      <ol aria-live="polite">{store.orders.map((o) => <Row key={o.key} store={store} order={o} />)}</ol>
      {store.olderOrders && <button type="button" class="plain wide" onClick={() => void store.loadOrders(true)}>{t.moreOrders}</button>}
    </section>
  );
}

function Row({ store, order }: { store: Store; order: OrderRow }) {
  const { t } = store;
  const item = store.catalogue?.items.find((i) => i.id === order.itemId);
  // Of an order that has ended, UNAVAILABLE tells nothing, and NOT_GRANTED that it was cancelled.
  const why = t.errors[order.reason === 'UNAVAILABLE' || order.reason === 'NOT_GRANTED' ? `ORDER_${order.state}` : order.reason];
  return (
    <li data-order={order.key} data-state={order.state}>
      <ItemArt id={order.itemId} />
      <div class="what">
        <b>{nameOf(store, order.itemId)}{order.quantity > 1 && ` ×${order.quantity}`}</b>
        <span class="small">{when(store, order.at)}{order.billNo !== '' && <> · <span class="bill" title={order.billNo}>{order.billNo.slice(-8)}</span></>}</span>
        {why !== undefined && order.state !== 'DELIVERED' && <span class="small why">{why}</span>}
      </div>
      <div class="end">
        <span class={`state ${order.state.toLowerCase()}`}>
          {order.state === 'DELIVERED' ? <Sign name="check" /> : order.state === 'FAILED' ? <Sign name="cross" /> : order.state === 'CANCELLED' ? <Sign name="undo" /> : <i class="spin" aria-hidden="true" />}
          {t.states[order.state] ?? order.state}
        </span>
        <span class="small cost">{order.amount > 0 ? <><Coin />{number(order.amount)}</> : item && item.fen > 0 ? yuan(item.fen * order.quantity) : ''}</span>
      </div>
    </li>
  );
}

/** What became of every try to buy coins. */
export function RechargesView({ store }: { store: Store }) {
  const { t } = store;
  if (store.recharges.length === 0) return null;
  return (
    <section class="recharges panel" aria-labelledby="recharges-title">
      <h2 id="recharges-title">{t.recharges}</h2>
      <ol>{store.recharges.map((r) => <Recharge key={r.request_id} store={store} record={r} />)}</ol>
      {store.olderRecharges && <button type="button" class="plain wide" onClick={() => void store.loadRecharges(true)}>{t.moreRecharges}</button>}
    </section>
  );
}

function Recharge({ store, record }: { store: Store; record: RechargeRecord }) {
  const { t } = store;
  const coins = record.state === 'CREDITED' ? record.coins : record.buy_quantity;
  const receipt = record.transaction_id || record.mch_order_no || record.out_trade_no;
  return (
    <li data-recharge={record.request_id} data-state={record.state}>
      <div class="what">
        <b><Coin />{number(coins)}</b>
        <span class="small">{when(store, record.created_unix * 1000)}{receipt !== '' && <> · <span class="bill" title={receipt}>{receipt.slice(-8)}</span></>}</span>
      </div>
      <div class="end">
        <span class={`state ${record.state.toLowerCase()}`}>
          {record.state === 'CREDITED' ? <Sign name="check" /> : record.state === 'PENDING' ? <i class="spin" aria-hidden="true" /> : <Sign name="cross" />}
          {record.late ? t.creditedLate : t.rechargeStates[record.state] ?? record.state}
        </span>
        <span class="small cost">{record.fen > 0 ? yuan(record.fen) : ''}</span>
      </div>
    </li>
  );
}

function nameOf(store: Store, id: string): string {
  return itemName(store.language, store.catalogue?.items.find((i) => i.id === id) ?? { id, name: id });
}

function when(store: Store, at: number): string {
  const date = new Date(at);
  const locale = store.language === 'zh' ? 'zh-CN' : 'en-GB';
  const time = date.toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit' });
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString(locale, { month: 'short', day: 'numeric' })} ${time}`;
}
