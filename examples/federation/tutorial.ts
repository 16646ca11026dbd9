/**
 * The commands of README.md as data, so that what a reader types is what the demo and the test run. Pure.
 *
 *   ```sh                               a block that runs to its end
 *   ```sh until="server:renewed"        … after which the terminal `server` says so (an expression)
 *   ```sh terminal=server until="…"     a block that goes on in a terminal of its own, once it has said so
 */

export type Block = {
  readonly script: string;
  /** Name of the terminal in which it goes on. */
  readonly terminal: string | undefined;
  /** What must be said before the next block. */
  readonly until: { readonly terminal: string; readonly words: RegExp } | undefined;
};

/** Which programs stand in for ours. */
export type Variant = {
  readonly cloud: 'autocert' | 'step-ca';
  readonly kubernetes: 'autocert' | 'step-ca';
  /** Whose `ca` commands are used. */
  readonly cli: 'autocert' | 'step';
};

export function parseTutorial(markdown: string): Block[] {
  return Array.from(markdown.matchAll(/^```sh *(.*)\n([\s\S]*?)^```$/gm), ([, info = '', script = '']) => {
    const terminal = /\bterminal=(\S+)/.exec(info)?.[1];
    const until = /\buntil="([^"]*)"/.exec(info)?.[1];
    return { script: script.trim(), terminal, until: until === undefined ? undefined : parseUntil(until, terminal) };
  });
}

function parseUntil(text: string, own: string | undefined): NonNullable<Block['until']> {
  if (own !== undefined) return { terminal: own, words: new RegExp(text) };
  const colon = text.indexOf(':');
  return { terminal: text.slice(0, colon), words: new RegExp(text.slice(colon + 1)) };
}

/** The same commands with other programs and on other ports. */
export function adapt(block: Block, variant: Variant, ports: Readonly<Record<string, number>>): Block {
  let { script } = block;
  const served = /autocert ca serve pki\/(cloud|kubernetes)\//.exec(script)?.[1] as 'cloud' | 'kubernetes' | undefined;
  if (served && variant[served] === 'step-ca') script = script.replace('autocert ca serve', 'step-ca');
  if (variant.cli === 'step') script = script.replace(/\bautocert ca (?!serve)/g, 'step ca ');
  for (const [port, other] of Object.entries(ports)) script = script.replaceAll(port, String(other));
  return { ...block, script };
}
