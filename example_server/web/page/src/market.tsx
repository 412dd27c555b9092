// What is for sale.
import { useState } from 'preact/hooks';
import { Coin, CoinPile, ItemArt } from './icons';
import type { Item, Store } from './store';
import { itemName, number, yuan } from './texts';

export function Items({ store, want }: { store: Store; want: (item: Item) => void }) {
  const { t } = store;
  return (
    <section class="items" aria-labelledby="items-title">
      <h2 id="items-title">{t.items}</h2>
      <ul>
        {store.catalogue!.items.map((item, n) => {
          const name = itemName(store.language, item);
          const money = item.price === 0;
          const soldOut = item.left === 0;
          const waiting = waits(store) || soldOut || store.asks(item);
          const price = money ? yuan(item.fen) : t.priceCoins(number(item.price));
          return (
            <li key={item.id} class={`card tint${n % 4}`}>
              <div class="art"><ItemArt id={item.id} />{(store.bag[item.id] ?? 0) > 0 && <span class="owned">{t.owned(store.bag[item.id]!)}</span>}</div>
              <h3>{name}</h3>
              {soldOut ? <p class="small">{t.soldOut}</p> : money && <p class="small">{t.onlyMoney}</p>}
              {store.catalogue!.emulated
                ? <button type="button" class={money ? 'green' : 'gold'} data-item={item.id} aria-label={t.buyLabel(name, price)} disabled={!store.loggedIn} aria-disabled={waiting} onClick={() => { if (!waiting) want(item); }}>{money ? yuan(item.fen) : <><Coin />{number(item.price)}</>}</button>
                : <p class="price">{money ? yuan(item.fen) : <><Coin />{price}</>}</p>}
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** While the shop is closed nothing is asked, until the time that the server has named. A button that waits is not `disabled`: it would lose the focus. */
function waits(store: Store): boolean {
  return store.closedUntil !== undefined && store.closedUntil > Date.now();
}

const shown = 6;

export function Tiers({ store }: { store: Store }) {
  const { t } = store;
  const [all, showAll] = useState(false);
  const tiers = store.catalogue!.tiers;
  const some = tiers.length <= shown ? tiers : spread(tiers.length).map((i) => tiers[i]!);
  return (
    <section class="tiers" id="coins" aria-labelledby="coins-title">
      <h2 id="coins-title" tabIndex={-1}>{t.recharge}</h2>
      <ul>
        {(all ? tiers : some).map((tier) => (
          <li key={tier.coins}>
            <button type="button" data-coins={tier.coins} aria-label={t.tierLabel(number(tier.coins), yuan(tier.fen))} disabled={!store.loggedIn} aria-disabled={store.recharging} onClick={() => void store.recharge(tier)}>
              <CoinPile size={Math.min(9, 1 + Math.floor((tiers.indexOf(tier) * 9) / tiers.length))} />
              <b>{number(tier.coins)}</b><span>{yuan(tier.fen)}</span>
            </button>
          </li>
        ))}
      </ul>
      {tiers.length > shown && <button type="button" class="plain wide" aria-expanded={all} onClick={() => showAll(!all)}>{all ? t.fewerTiers : t.allTiers}</button>}
    </section>
  );
}

/** A few places from small to large. */
function spread(length: number): number[] {
  return Array.from({ length: shown }, (_, i) => Math.round((i * i * (length - 3)) / ((shown - 1) * (shown - 1))) + 2).map((i) => Math.min(i, length - 1)).filter((i, n, every) => every.indexOf(i) === n);
}
