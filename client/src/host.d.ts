// What mini games and browsers both have, and nothing else: the compiler refuses whatever only one of them knows.
declare function setTimeout(f: () => void, ms: number): { readonly timer: unique symbol };
declare function clearTimeout(timer: ReturnType<typeof setTimeout> | undefined): void;
