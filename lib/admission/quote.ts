/** How a value that somebody else wrote is shown in a message: in quotes, escaped, and not at length. */

const maxShown = 80;

/** Almost every value: short, printable, nothing to escape. */
const plain = /^[ !#-[\]-~]{0,80}$/;

/** Quoted as JSON, so that control characters are seen and no line is broken; what is beyond 80 characters is cut. */
export function quote(value: string): string {
  if (plain.test(value)) return `"${value}"`;
  const characters = Array.from(value);
  const shown = characters.length > maxShown ? `${characters.slice(0, maxShown).join('')}…` : value;
  // JSON leaves U+0080..U+009F and the two Unicode line ends as they are
  return JSON.stringify(shown).replace(
    /[\u007f-\u009f\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
