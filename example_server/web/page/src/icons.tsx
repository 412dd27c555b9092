// Everything drawn. Pictures say nothing that a text beside them does not, so they are hidden from screen readers.
import type { ComponentChildren } from 'preact';

function Picture({ box, name, children }: { box: string; name: string; children: ComponentChildren }) {
  return <svg class={name} viewBox={box} aria-hidden="true" focusable="false">{children}</svg>;
}

export function Coin() {
  return (
    <Picture box="0 0 32 32" name="coin">
      <circle cx="16" cy="17" r="14" fill="#b06a00" />
      <circle cx="16" cy="15.5" r="14" fill="#ffc93d" />
      <circle cx="16" cy="15.5" r="10.5" fill="#ffe08a" stroke="#e39a12" stroke-width="1.6" />
      <path d="M16 8.6l1.9 4.2 4.6.5-3.4 3.1 1 4.5-4.1-2.3-4.1 2.3 1-4.5-3.4-3.1 4.6-.5z" fill="#e39a12" />
      <path d="M6.5 11a10.8 10.8 0 0 1 6-5.6" stroke="#fffbe6" stroke-width="2" stroke-linecap="round" fill="none" />
    </Picture>
  );
}

/** A pile that grows with what it costs. */
export function CoinPile({ size }: { size: number }) {
  const spots = [[32, 45], [19, 49], [45, 49], [26, 36], [39, 36], [32, 27], [11, 53], [53, 53], [32, 17]].slice(0, size);
  return (
    <Picture box="0 0 64 64" name="pile">
      <ellipse cx="32" cy="57" rx="26" ry="4" fill="#000" opacity=".14" />
      {spots.map(([x, y]) => (
        <g key={`${x},${y}`}>
          <ellipse cx={x} cy={y! + 4} rx="10.5" ry="6.5" fill="#a96400" />
          <ellipse cx={x} cy={y} rx="10.5" ry="6.5" fill="#ffc93d" />
          <ellipse cx={x} cy={y! - 0.4} rx="7.2" ry="4.1" fill="#ffe596" stroke="#e8a31c" stroke-width="1.2" />
        </g>
      ))}
      {size > 5 && <path d="M54 12l1.6 4.4L60 18l-4.4 1.6L54 24l-1.6-4.4L48 18l4.4-1.6zM11 22l1.1 3 3 1.1-3 1.1-1.1 3-1.1-3-3-1.1 3-1.1z" fill="#fff3c4" />}
    </Picture>
  );
}

function Sword() {
  return (
    <>
      <path d="M74 10l12-2-2 12-40 42-12-12z" fill="#dfe9ff" />
      <path d="M86 8L38 56l-6-6L74 10z" fill="#fff" />
      <path d="M84 20L44 62l-6-6L86 8z" fill="#a9bbe8" />
      <path d="M24 48l22 22-5 5-22-22z" fill="#ffc93d" />
      <path d="M24 48l22 22-2 2-22-22z" fill="#ffe596" />
      <path d="M31 61l4 4-15 15-6-6z" fill="#8a4b2a" />
      <path d="M27 65l4 4M22 70l4 4" stroke="#5e2f17" stroke-width="2.4" />
      <circle cx="15" cy="80" r="6.5" fill="#ff6b4a" stroke="#ffc93d" stroke-width="3" />
      <path d="M62 12l1.6 5 5 1.6-5 1.6-1.6 5-1.6-5-5-1.6 5-1.6zM86 42l1.2 3.8 3.8 1.2-3.8 1.2L86 52l-1.2-3.8L81 47l3.8-1.2z" fill="#fff6cf" />
    </>
  );
}

function Shield() {
  return (
    <>
      <path d="M48 8c12 8 24 10 34 10 1 30-8 54-34 70C22 72 13 48 14 18c10 0 22-2 34-10z" fill="#ffc93d" />
      <path d="M48 16c10 6 19 8 27 8.500C75 48 67 66 48 79 29 66 21 48 21 24.500 29 24 38 22 48 16z" fill="#8a5a33" />
      <path d="M48 16c10 6 19 8 27 8.500C75 48 67 66 48 79z" fill="#6f4424" />
      <path d="M34 22.500V67M62 22.500V67" stroke="#57331a" stroke-width="2" opacity=".6" />
      <path d="M48 30c10 7 13 14 12 20-1 7-6 11-12 14-6-3-11-7-12-14-1-6 2-13 12-20z" fill="#4cbf78" />
      <path d="M48 30c10 7 13 14 12 20-1 7-6 11-12 14z" fill="#329a5c" />
      <path d="M48 36v26M48 46l6-5M48 53l-6-5" stroke="#d6ffe2" stroke-width="2.400" stroke-linecap="round" fill="none" />
      <circle cx="24" cy="27" r="2.500" fill="#fff0b8" /><circle cx="72" cy="27" r="2.500" fill="#fff0b8" /><circle cx="48" cy="76" r="2.500" fill="#fff0b8" />
    </>
  );
}

function Potion() {
  return (
    <>
      <path d="M39 26h18v14c14 5 21 15 21 25 0 14-13 23-30 23S18 79 18 65c0-10 7-20 21-25z" fill="#eaf4ff" opacity=".9" />
      <path d="M23 58c8-5 16 4 25 0s17-4 25 0c2 17-9 26-25 26S21 75 23 58z" fill="#ff4f78" />
      <path d="M48 58c9-4 17-4 25 0 2 17-9 26-25 26z" fill="#d92c5b" />
      <path d="M36 20h24v8H36z" fill="#ffc93d" /><path d="M40 8h16v13H40z" fill="#a86f3f" /><path d="M40 8h8v13h-8z" fill="#c58a55" />
      <circle cx="36" cy="68" r="4" fill="#ffb0c4" /><circle cx="46" cy="76" r="2.600" fill="#ffb0c4" /><circle cx="58" cy="69" r="3" fill="#ff8fab" />
      <path d="M27 55c3-6 8-10 13-12" stroke="#fff" stroke-width="4" stroke-linecap="round" fill="none" opacity=".9" />
      <path d="M45 64h6v-5h5v5h6v5h-6v5h-5v-5h-6z" fill="#fff" opacity=".85" />
    </>
  );
}

function Pass() {
  return (
    <>
      <g transform="rotate(-9 48 48)">
        <path d="M14 26h68a4 4 0 0 1 4 4v9a9 9 0 0 0 0 18v9a4 4 0 0 1-4 4H14a4 4 0 0 1-4-4v-9a9 9 0 0 0 0-18v-9a4 4 0 0 1 4-4z" fill="#ffc93d" />
        <path d="M17 31h62v8a14 14 0 0 0 0 18v8H17v-8a14 14 0 0 0 0-18z" fill="#7a4dff" />
        <path d="M48 31h31v8a14 14 0 0 0 0 18v8H48z" fill="#6236e0" />
        <path d="M48 35l4 9 9.700 1-7.200 6.500 2 9.500-8.500-4.900L39.500 61l2-9.500L34.300 45l9.700-1z" fill="#ffe596" />
        <path d="M66 31v34" stroke="#ffe596" stroke-width="2" stroke-dasharray="3 4" />
      </g>
      <path d="M80 12l1.600 4.800 4.800 1.600-4.800 1.600L80 24.800l-1.600-4.800-4.800-1.600 4.800-1.600z" fill="#fff6cf" />
    </>
  );
}

function Gem() {
  return (
    <>
      <path d="M28 16h40l18 22-38 46L10 38z" fill="#47d6c0" />
      <path d="M28 16l8 22H10zM68 16l18 22H60z" fill="#8ff0e0" /><path d="M36 38h24L48 84z" fill="#2bb3a0" /><path d="M48 16l12 22H36z" fill="#d2fff7" />
    </>
  );
}

const art: Record<string, () => preact.JSX.Element> = { sword: Sword, shield: Shield, potion: Potion, pass: Pass };

export function ItemArt({ id }: { id: string }) {
  const Drawing = art[id] ?? Gem;
  return <Picture box="0 0 96 96" name="drawing"><Drawing /></Picture>;
}

export function Lantern() {
  return (
    <Picture box="0 0 64 64" name="lantern">
      <path d="M32 3v9" stroke="#ffcf5a" stroke-width="3" stroke-linecap="round" />
      <rect x="22" y="11" width="20" height="5" rx="2" fill="#ffcf5a" />
      <path d="M20 16h24c8 7 8 21 0 28H20c-8-7-8-21 0-28z" fill="#f2532f" />
      <path d="M27 16h10c4 8 4 20 0 28H27c-4-8-4-20 0-28z" fill="#ff8a3d" /><path d="M31 16h2c2 8 2 20 0 28h-2c-2-8-2-20 0-28z" fill="#ffd36b" />
      <rect x="22" y="44" width="20" height="5" rx="2" fill="#ffcf5a" />
      <path d="M32 49v11M26 49v7M38 49v7" stroke="#ffcf5a" stroke-width="2.600" stroke-linecap="round" />
    </Picture>
  );
}

const strokes = {
  market: 'M4 10l2-6h12l2 6M5 10v10h14V10M4 10a2.700 2.700 0 0 0 5.300 0 2.700 2.700 0 0 0 5.400 0 2.700 2.700 0 0 0 5.300 0M10 20v-5h4v5',
  bag: 'M6 9h12l1.500 9a3 3 0 0 1-3 3h-9a3 3 0 0 1-3-3zM9 9V7a3 3 0 0 1 6 0v2M9 14h6',
  orders: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9 8h6M9 12h6',
  wallet: 'M4 7a3 3 0 0 1 3-3h10v4M4 7a2 2 0 0 0 2 1h13v12H7a3 3 0 0 1-3-3zM15 14h1.500',
  curtain: 'M4 4h16M6 4c1 7 0 12-2 16M18 4c-1 7 0 12 2 16M12 9v3m0 3v.01M9 18h6',
  leave: 'M10 4H5v16h5M14 8l4 4-4 4M18 12H9',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  cross: 'M7 7l10 10M17 7L7 17',
  undo: 'M8 6L4 10l4 4M4 10h9a6 6 0 0 1 0 12h-2',
  plug: 'M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4',
  gift: 'M4 9h16v4H4zM6 13v8h12v-8M12 9v12M12 9S7 9 7 6.500 11 4 12 9c1-5 5-5 5-2.500S12 9 12 9z',
} as const;

export function Sign({ name }: { name: keyof typeof strokes }) {
  return <Picture box="0 0 24 24" name="sign"><path d={strokes[name]} fill="none" stroke="currentColor" stroke-width="1.900" stroke-linecap="round" stroke-linejoin="round" /></Picture>;
}

export function WeChat() {
  return (
    <Picture box="0 0 32 32" name="wechat">
      <path d="M13 5C7 5 2.500 8.900 2.500 13.700c0 2.700 1.500 5 3.800 6.600L5.400 23.400l3.500-1.800c1.200.4 2.600.6 4.100.6h.6C13 16.500 17 12.200 23 12.100 22 8 18 5 13 5z" fill="currentColor" />
      <path d="M29.500 20.600c0-3.900-3.700-7-8.100-7s-8 3.100-8 7 3.600 7 8 7c1.100 0 2.200-.2 3.200-.5l2.600 1.400-.7-2.400c1.800-1.300 3-3.300 3-5.500z" fill="currentColor" opacity=".8" />
    </Picture>
  );
}
