/** Names of Unicode's classes in `\p{…}` as Go knows them: its general categories, their long names, and scripts. */

/** Go finds no script whose name is of more than one word. */
const scripts: ReadonlySet<string> = new Set(
  (
    'Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid ' +
    'Carian Chakma Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cyrillic Deseret Devanagari Dogra Duployan ' +
    'Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gurmukhi Han Hangul Hanunoo Hatran ' +
    'Hebrew Hiragana Inherited Javanese Kaithi Kannada Katakana Kawi Kharoshthi Khmer Khojki Khudawadi Lao Latin Lepcha ' +
    'Limbu Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Medefaidrin Miao Modi Mongolian Mro ' +
    'Multani Myanmar Nabataean Nandinagari Newa Nko Nushu Ogham Oriya Osage Osmanya Palmyrene Phoenician Rejang Runic ' +
    'Samaritan Saurashtra Sharada Shavian Siddham Sinhala Sogdian Soyombo Sundanese Syriac Tagalog Tagbanwa Takri Tamil ' +
    'Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Yezidi Yi'
  ).split(' '),
);

const categories = /^(C[cfnos]?|L[clmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?|Cntrl|Digit|Punct)$/;

const longNames: readonly string[] = (
  'Cased_Letter Close_Punctuation Combining_Mark Connector_Punctuation Control Currency_Symbol Dash_Punctuation ' +
  'Decimal_Number Enclosing_Mark Final_Punctuation Format Initial_Punctuation Letter Letter_Number Line_Separator ' +
  'Lowercase_Letter Mark Math_Symbol Modifier_Letter Modifier_Symbol Nonspacing_Mark Number Open_Punctuation Other ' +
  'Other_Letter Other_Number Other_Punctuation Other_Symbol Paragraph_Separator Private_Use Punctuation Separator ' +
  'Space_Separator Spacing_Mark Surrogate Symbol Titlecase_Letter Unassigned Uppercase_Letter'
).split(' ');

/** A capital first and small letters after it, and nothing between words. */
function canonical(name: string): string {
  const plain = name.replace(/[-_ ]/g, '').toLowerCase();
  return plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

const byCanonicalName: ReadonlyMap<string, string> = new Map(longNames.map((name) => [canonical(name), name]));

const special: Readonly<Record<string, string>> = {
  Any: '\\0-\\u{10ffff}',
  Ascii: '\\0-\\x7f',
  Assigned: '\\P{Cn}',
  Lc: '\\p{LC}',
  Cntrl: '\\p{Cc}',
  Digit: '\\p{Nd}',
  Punct: '\\p{P}',
};

/** What a RegExp calls the class; undefined when there is none of that name. */
export function unicodeClass(given: string): string | undefined {
  const name = canonical(given);
  if (Object.hasOwn(special, name)) return special[name];
  if (categories.test(name)) return `\\p{${name}}`;
  if (scripts.has(name)) return `\\p{Script=${name}}`;
  const long = byCanonicalName.get(name);
  return long === undefined ? undefined : `\\p{${long}}`;
}
