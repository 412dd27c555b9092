// What opens over the page. Each is a <dialog>: the browser keeps the focus inside, and Esc closes it.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { Coin, ItemArt, Sign, WeChat } from './icons';
import { type Weather, getWeather, present, setWeather, weathers } from './midas';
import { type DeviceName, type Item, type PaySheet, type Store, devices } from './store';
import { itemName, number, yuan } from './texts';

function Window({ kind, title, close, children }: { kind: string; title: string; close: () => void; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => { // not useEffect: at the end it would come when the element is gone, and the focus lost
    const dialog = element.current!;
    dialog.showModal();
    dialog.querySelector<HTMLElement>('[data-first]')?.focus();
    return () => dialog.close(); // gives the focus back to where it was
  }, []);
  return (
    <dialog ref={element} class={kind} aria-label={title} onCancel={(e) => { e.preventDefault(); close(); }} onClick={(e) => { if (e.target === element.current) close(); }}>
      <div class="inside">{children}</div>
    </dialog>
  );
}

const mostPieces = 99;

export function Confirm({ store, item, close }: { store: Store; item: Item; close: () => void }) {
  const { t, balance } = store;
  const [quantity, set] = useState(1);
  const change = (by: number) => set((n) => Math.min(mostPieces, Math.max(1, n + by)));
  const name = itemName(store.language, item);
  const money = item.price === 0;
  const left = (balance?.balance ?? 0) - item.price * quantity;
  return (
    <Window kind="confirm" title={t.confirmTitle(name)} close={close}>
      <div class="hero"><ItemArt id={item.id} /></div>
      <h2>{t.confirmTitle(name)}</h2>
      <div class="line"><span>{t.quantity}</span>
        <div class="stepper">
          <button type="button" aria-label={t.less} aria-disabled={quantity <= 1} onClick={() => change(-1)}>−</button>
          <output aria-label={t.quantity}>{quantity}</output>
          <button type="button" aria-label={t.more} aria-disabled={quantity >= mostPieces} onClick={() => change(1)}>+</button>
        </div>
      </div>
      <div class="line"><span>{t.total}</span><b>{money ? yuan(item.fen * quantity) : <><Coin />{number(item.price * quantity)}</>}</b></div>
      {!money && balance && <div class="line"><span>{t.after}</span>{left >= 0 ? <b><Coin />{number(left)}</b> : <b class="short">{t.short(number(-left))}</b>}</div>}
      <button type="button" class={`wide ${money ? 'green' : 'gold'}`} id="buy" data-first onClick={() => { close(); store.buy(item, quantity); }}>{t.buyNow}</button>
      <button type="button" class="plain wide" onClick={close}>{t.back}</button>
    </Window>
  );
}

export function PayWindow({ store, sheet }: { store: Store; sheet: PaySheet }) {
  const { t } = store;
  return (
    <Window kind="sheet" title={t.paySheet} close={() => sheet.choose('cancel')}>
      <div class="sheet-head"><button type="button" class="x" aria-label={t.payCancel} onClick={() => sheet.choose('cancel')}><Sign name="cross" /></button><WeChat /><h2>{t.paySheet}</h2></div>
      <p class="payee">{t.payTo}</p>
      <p class="amount">{yuan(sheet.fen)}</p>
      <p class="what">{sheet.what}</p>
      <button type="button" class="green wide" id="pay" data-first onClick={() => sheet.choose('pay')}>{t.pay}</button>
      <p class="small">{t.otherEnds}</p>
      <button type="button" class="plain wide" id="pay-late" onClick={() => sheet.choose('late')}>{t.payLate}</button>
      <button type="button" class="plain wide" id="pay-lost" onClick={() => sheet.choose('lost')}>{t.payLost}</button>
      <button type="button" class="plain wide" id="pay-cancel" onClick={() => sheet.choose('cancel')}>{t.payCancel}</button>
      <p class="small note">{t.simulated}</p>
    </Window>
  );
}

const presents = [60, 600];

export function Drawer({ store, close }: { store: Store; close: () => void }) {
  const { t } = store;
  const [weather, see] = useState<Weather>();
  const attempt = (f: () => Promise<void>) => { f().catch((e: unknown) => store.fail(e)); };
  useEffect(() => attempt(async () => see(await getWeather())), []);
  return (
    <Window kind="drawer" title={t.midasTitle} close={close}>
      <div class="sheet-head"><h2>{t.midasTitle}</h2><button type="button" class="x" aria-label={t.close} onClick={close}><Sign name="cross" /></button></div>
      <p>{t.midasHint}</p>
      <fieldset data-weather={weather}>
        <legend>{t.weather}</legend>
        {weathers.map((w) => (
          <label key={w} class={`choice ${w === 'fine' ? 'fine' : 'foul'}`}>
            <input type="radio" name="weather" value={w} checked={weather === w} onChange={() => attempt(async () => { await setWeather(w); see(w); })} /><span>{t.weathers[w]}</span>
          </label>
        ))}
      </fieldset>
      <label class="line" for="device"><span>{t.device}</span>
        <select id="device" value={store.device} onChange={(e) => { close(); void store.play(e.currentTarget.value as DeviceName); }}>
          {(Object.keys(devices) as DeviceName[]).map((name) => <option key={name} value={name}>{t.devices[name]}</option>)}
        </select>
      </label>
      {store.loggedIn && <>
        <h3>{t.present}</h3>
        <div class="gifts">{presents.map((n) => <button key={n} type="button" class="plain" data-present={n} aria-label={t.presentLabel(number(n))} onClick={() => attempt(() => present(store.openid, n))}><Sign name="gift" />{number(n)}</button>)}</div>
      </>}
    </Window>
  );
}
