// What mini games and browsers both have, and nothing else: the compiler refuses whatever only one of them knows.
declare function setTimeout(f: () => void, ms: number): unknown;
declare function clearTimeout(timer: unknown): void;
