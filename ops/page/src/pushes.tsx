import { useState } from 'preact/hooks';
import { type Api, type Push } from './api';
import { Signed, when } from './orders';
import { type Texts } from './texts';

// Pushes lists what Midas posted that did not fit: what it is, why it was kept, and what to do. Whoever is done with one puts it away.
export function Pushes({ api, pushes, done, t }: { api: Api; pushes: Push[]; done: () => void; t: Texts }) {
  return (
    <section class="card pushes" aria-label={t.keptPushes}>
      <h2>{t.keptPushes}</h2>
      <p class="soft">{t.keptHint}</p>
      <ul>{pushes.map((p) => <Kept key={p.id} api={api} push={p} done={done} t={t} />)}</ul>
    </section>
  );
}

function Kept({ api, push: p, done, t }: { api: Api; push: Push; done: () => void; t: Texts }) {
  const [asked, setAsked] = useState(false);
  return (
    <li data-push={p.id}>
      <b class="state disputed">{p.why}</b>
      <dl>
        <dt>{t.event}</dt><dd><code>{p.event}</code></dd>
        {p.out_trade_no && <><dt>{t.tradeNo}</dt><dd><code>{p.out_trade_no}</code></dd></>}
        {p.openid && <><dt>{t.player}</dt><dd><code>{p.openid}</code></dd></>}
        <dt>{t.came}</dt><dd><time dateTime={p.first_at}>{when(p.first_at)}</time>{p.times > 1 && ` · ${t.times(p.times)} ${when(p.last_at)}`}</dd>
        <dt>{t.todo}</dt><dd>{advice(p.why, t)}</dd>
      </dl>
      <details aria-label={t.pushBody}><summary>{t.pushBody}</summary><code>{p.body}</code></details>
      {!asked ? <button onClick={() => setAsked(true)}>{t.putAway}</button> : (
        <Signed label={t.putAway} hint={t.putAwayHint} t={t} send={async (why, who) => {
          await api.pushDone(p.id, why, who);
          done();
        }} />
      )}
    </li>
  );
}

// advice goes by the words of the reason (payment/); docs/runbook.md has more.
function advice(why: string, t: Texts): string {
  for (const [words, text] of t.advice) if (words.test(why)) return text;
  return t.adviceElse;
}
