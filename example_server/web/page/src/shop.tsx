// The page: a shop of a small game, as a player sees it.
import { render } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { BagView, OrdersView, RechargesView } from './belongings';
import { Coin, Lantern, Sign } from './icons';
import { Items, Tiers } from './market';
import { Drawer, PayWindow } from './windows';
import { type Item, Store } from './store';
import { Confirm } from './windows';
import { number } from './texts';

const sections = ['market', 'coinsTab', 'bagTab', 'ordersTab'] as const;
export type Section = typeof sections[number];
const signs = { market: 'market', coinsTab: 'wallet', bagTab: 'bag', ordersTab: 'orders' } as const;

function App({ store }: { store: Store }) {
  const [, again] = useState(0);
  useLayoutEffect(() => store.onChange(() => again((n) => n + 1)), [store]); // before anything is loaded: useEffect waits for a frame
  const [section, show] = useState<Section>('market');
  const [wanted, want] = useState<Item>();
  const [drawer, openDrawer] = useState(false);
  const toCoins = useRef(false);
  useLayoutEffect(() => { // now the section is shown, on a phone too
    if (!toCoins.current) return;
    toCoins.current = false;
    document.getElementById('coins-title')?.focus();
    document.getElementById('coins')?.scrollIntoView();
  });
  const beforeToasts = useRef<HTMLElement | null>(null);
  useFocusHandedOn(beforeToasts);
  const { t } = store;
  return (
    <>
      <Header store={store} />
      <Banner store={store} />
      <main data-section={section}>
        {store.loadFailed && <div class="notice bad"><p>{t.loadFailed}</p><button type="button" class="plain" onClick={() => void store.load()}>{t.reload}</button></div>}
        {store.catalogue && !store.catalogue.emulated && <div class="notice"><h2>{t.inWeChat}</h2><p>{t.inWeChatHint}</p></div>}
        {store.catalogue?.emulated && !store.loggedIn && <Entrance store={store} />}
        {store.catalogue && (
          <div class="columns">
            <div class="wares">
              <Items store={store} want={want} />
              {store.cannotPay !== '' && <div class="notice" id="cannot-pay"><h2>{t.cannotPay}</h2><p>{store.cannotPay}</p></div>}
              {store.catalogue.tiers.length > 0 && store.catalogue.emulated && <Tiers store={store} />}
            </div>
            {store.loggedIn && <div class="belongings"><BagView store={store} /><OrdersView store={store} /><RechargesView store={store} /></div>}
          </div>
        )}
      </main>
      {store.loggedIn && (
        <nav class="tabs" aria-label={t.sections}>
          {sections.map((s) => (
            <button key={s} type="button" aria-current={s === section ? 'page' : undefined} onClick={() => { show(s); scrollTo(0, 0); }}>
              <Sign name={signs[s]} /><span>{t[s]}</span>
            </button>
          ))}
        </nav>
      )}
      {store.catalogue?.emulated && (
        <button type="button" class="curtain" aria-label={t.midasOpen} onClick={() => openDrawer(true)}><Sign name="curtain" /><span>{t.midas}</span></button>
      )}
      {wanted && <Confirm store={store} item={wanted} close={() => want(undefined)} />}
      {store.sheet && <PayWindow store={store} sheet={store.sheet} />}
      {drawer && <Drawer store={store} close={() => openDrawer(false)} />}
      <div class="toasts" role="status" aria-live="polite" onFocusIn={(e) => { if (!e.currentTarget.contains(e.relatedTarget as Node | null)) beforeToasts.current = e.relatedTarget as HTMLElement | null; }}>
        {store.toasts.map((toast) => (
          <div key={toast.id} class={`toast ${toast.tone}`}>
            <span>{toast.text}</span>
            {toast.getCoins && <button type="button" onClick={() => { toCoins.current = true; store.dismiss(toast.id); show('coinsTab'); }}>{t.getCoins}</button>}
            <button type="button" class="x" aria-label={t.dismiss} onClick={() => store.dismiss(toast.id)}><Sign name="cross" /></button>
          </div>
        ))}
      </div>
    </>
  );
}

/** Hands the focus on when what has it goes away: the form that was sent, the button that was for players only, a toast. */
function useFocusHandedOn(beforeToasts: { current: HTMLElement | null }) {
  const had = document.activeElement; // before anything is drawn
  useLayoutEffect(() => {
    if (had === null || had.isConnected) return;
    for (const place of [had.closest('.toast') && beforeToasts.current, document.getElementById('name'), document.getElementById('purse')]) {
      if (document.activeElement !== document.body) return;
      place?.focus({ preventScroll: true });
    }
  });
}

function Header({ store }: { store: Store }) {
  const { t, balance } = store;
  return (
    <header>
      <Lantern />
      <div class="brand"><h1>{t.title}</h1><p>{t.tagline}</p></div>
      {store.loggedIn && (
        <button type="button" class="purse" id="purse" aria-label={t.balance(balance ? number(balance.balance) : '…')} title={balance && balance.present_balance > 0 ? t.given(number(balance.present_balance)) : undefined} onClick={() => store.refresh()}>
          <Coin /><b key={balance?.balance} class={balance?.stale ? 'old' : undefined}>{balance ? number(balance.balance) : '…'}</b>
          {balance && balance.center_balance > 0 && <small class="centre">{t.centre(number(balance.center_balance))}</small>}
        </button>
      )}
      {store.loggedIn && <button type="button" class="plain who" aria-label={t.leaveLabel(store.name)} onClick={() => store.leave()}><span>{store.name}</span><Sign name="leave" /></button>}
      <button type="button" class="plain language" id="language" lang={store.language === 'zh' ? 'en' : 'zh-CN'} aria-label={t.switchLabel} onClick={() => store.switchLanguage()}>{t.switchTo}</button>
    </header>
  );
}

/** What is the matter, as long as it is. */
function Banner({ store }: { store: Store }) {
  const { t } = store;
  const [, tick] = useState(0);
  const closed = store.closedUntil !== undefined;
  useEffect(() => {
    if (!closed) return;
    const clock = setInterval(() => tick((n) => n + 1), 500);
    return () => clearInterval(clock);
  }, [closed]);
  const left = Math.ceil(((store.closedUntil ?? 0) - Date.now()) / 1000);
  return (
    <div class="banners" role="status" aria-live="polite">
      {store.loggedIn && store.connection !== 'online' && <div class="banner gray" id="offline"><Sign name="plug" /><p><b>{t.reconnecting}</b></p></div>}
      {closed && <div class="banner closed" id="closed"><Lantern /><p><b>{t.closed}</b><span>{store.paused ? t.pausedHint : t.closedHint}</span></p><em aria-hidden="true">{left > 0 ? t.retryIn(left) : t.retryNow}</em></div>}
      {store.reopened && <div class="banner open" id="reopened"><Lantern /><p><b>{t.reopened}</b></p></div>}
    </div>
  );
}

function Entrance({ store }: { store: Store }) {
  const { t } = store;
  const [name, type] = useState(store.name);
  const good = /^[\p{L}\p{N}_]{1,16}$/u.test(name);
  return (
    <form class="entrance" onSubmit={(e) => { e.preventDefault(); if (good) void store.enter(name); }}>
      <h2>{t.enterTitle}</h2>
      <p id="name-hint">{t.enterHint}</p>
      <div class="row">
        <label for="name">{t.name}</label>
        <input id="name" value={name} maxLength={16} autocomplete="username" spellcheck={false} placeholder={t.nameRule} aria-describedby="name-hint" onInput={(e) => type(e.currentTarget.value)} />
        <button type="submit" class="gold" disabled={!good} aria-disabled={store.entering}>{store.entering ? t.entering : t.enter}</button>
      </div>
    </form>
  );
}

const store = new Store();
render(<App store={store} />, document.getElementById('app')!);
void store.load();
