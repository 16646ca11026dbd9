/**
 * What the functions on text count: looking at text costs steps, and what they make costs bytes. Whoever makes more than
 * it was given counts before it takes the memory.
 */
import type { Budget } from '../../limits.ts';

/** Text that a function has made, not much longer than what it was made of. */
export function made(text: string, budget: Budget): string {
  budget.make(text.length);
  return text;
}

/** Called before a function of the platform looks at the text. */
export const scan = (text: string, budget: Budget): void => budget.step(1 + (text.length >> 6));

/** Called before every character of the text is looked at here, which takes longer. */
export const walk = (text: string, budget: Budget): void => budget.step(1 + (text.length >> 3));
