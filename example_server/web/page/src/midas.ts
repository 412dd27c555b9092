// What the page may do to the emulator that stands in for Midas. Only there when the server says that it is emulated.

/** How a payment ends. */
export type Ending = 'pay' | 'late' | 'lost' | 'cancel';

export const weathers = ['fine', 'slow', 'hang', '5xx'] as const;
export type Weather = typeof weathers[number];

async function call<T>(path: string, body?: object): Promise<T> {
  const answer = await fetch(path, body === undefined ? {} : { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
  const result = await answer.json() as T & { error?: string };
  if (!answer.ok) throw new Error(result.error ?? answer.statusText);
  return result;
}

/** Pays; rejects as wx does. */
export async function payAtEmulator(path: string, body: object): Promise<void> {
  const told = await call<{ errCode: number; errMsg: string }>(path, body);
  if (told.errCode !== 0) throw told;
}

let asked: Promise<unknown> = Promise.resolve();

/** One after another: two changes that overtake each other would leave the wrong weather, and a look that a change overtakes would show it. */
function inTurn<T>(ask: () => Promise<T>): Promise<T> {
  const answer = asked.then(ask);
  asked = answer.catch(() => undefined);
  return answer;
}

export async function getWeather(): Promise<Weather> {
  return (await inTurn(() => call<{ weather: Weather }>('/midas/weather'))).weather;
}

export async function setWeather(weather: Weather): Promise<void> {
  await inTurn(() => call('/midas/weather', { weather }));
}

export async function present(openid: string, coins: number): Promise<void> {
  await call('/midas/present', { openid, coins });
}
