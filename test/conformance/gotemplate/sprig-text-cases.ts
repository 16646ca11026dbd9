/** Templates that use sprig's functions on text, each executed over `data` by Go and by ours. */

export const data = {
  text: 'Hello, World',
  empty: '',
  unicode: 'Grüße, 世界 \u{1f512}',
  lines: 'one\ntwo\n\nthree',
  sentence: 'The quick brown fox jumps over the lazy dog',
  spaces: ' \t\u00a0 a \u2003 b\n\u0085',
  nothing: null,
  number: 3,
  fraction: 1.5,
  yes: true,
  list: ['c', 'a', 'b'],
  mixed: [1, 'two', null, true, 2.5, ['x', null], { k: 'v' }],
  map: { a: 1 },
};

/** Bytes that are no text. */
const broken = '"a\\xffb\\xc3"';

/** One template for each of the arguments. */
const each = (name: string, args: readonly string[]): string[] =>
  args.map((arg) => `{{${name} ${arg}}}|{{${name} ${arg} | printf "%q"}}`);

const words = [
  '"hello world"',
  '"HELLO wORLD"',
  '"ﬁn ßtraße ŉ ǆ ǅ Ǆ ǳa İi ı"',
  '"ἀρχή ΣΊΣΥΦΟΣ ᾳ ᾠδή ῳ"',
  '"a-b_c\'d e9f 9g é.é\\u2003x"',
  '"აბგ ა"',
  '"Ꭰ ꭰ ᏸ"',
  '.unicode',
  '.spaces',
  '""',
  broken,
];

const names = [
  ...['FirstName', 'HTTPServer', 'NoHTTPS', 'GO_PATH', 'GO PATH', 'GO-PATH', 'http2xx', 'HTTP20xOK', 'Duration2m3s'],
  ...['Bld4Floor3rd', 'some_words', 'http_server', '_complex__case_', 'some words', 'GOLANG_IS_GREAT', 'no_https', ''],
  ...[
    '_',
    '--',
    'a',
    'A',
    'a--b',
    'aB1',
    '1aB',
    '12 34',
    'a.b.C',
    'x1Y2',
    'HTTP2',
    'v1.2.3',
    'été ÉtÉ',
    'ABCdef',
    'AB12',
  ],
  ...['世界hello', 'Hello世界World', '世Aa', 'a世1', 'Ab,Cd', '€uro$Sign', '  lead', 'trail  ', 'A1B', 'Ⅷ8x', 'ǅx'],
];

const cases = [
  ...['upper', 'lower', 'title', 'untitle', 'swapcase', 'initials', 'nospace', 'trim'].flatMap((name) =>
    each(name, words),
  ),
  ...names.map((name) => `{{snakecase "${name}"}}|{{kebabcase "${name}"}}|{{camelcase "${name}"}}`),
  ...each('snakecase', [broken, '"\\xff\\xfe"', '"a\\xff"', '"Ab\\xffC1\\xff"', '"\\xffA"']),
  ...each('camelcase', [broken, '"\\xff-\\xfe"', '"_\\xff_a"']),
];

const cutting = [
  ...['-1', '0', '3', '4', '5', '11', '12', '13', '9223372036854775807', '-9223372036854775808'].flatMap((count) => [
    `{{abbrev ${count} .text}}|{{trunc ${count} .text}}`,
    `{{abbrev ${count} .empty}}|{{trunc ${count} .empty}}`,
    ...['-5', '0', '4', '5', '6', '8', '12', '50'].map((left) => `{{abbrevboth ${left} ${count} .text}}`),
  ]),
  ...['7', '9', '20'].flatMap((width) =>
    ['3', '5', '15', '30', '43', '44'].map((left) => `{{abbrevboth ${left} ${width} .sentence}}`),
  ),
  '{{trunc 3 .unicode | printf "%q"}} {{trunc -3 .unicode | printf "%q"}} {{abbrev 6 .unicode | printf "%q"}}',
  ...['0 5', '2 5', '5 2', '-1 5', '-1 -1', '-3 99', '0 -1', '3 99', '99 -1', '12 12', '13 20', '-1 12', '5 5'].map(
    (range) => `{{substr ${range} .text}}`,
  ),
  '{{substr 2 3 .unicode | printf "%q"}}',
  '{{substr "1" 2 .text}}',
  '{{trimAll "Hd" .text}}|{{trimall "$" "$5$"}}|{{trimAll "" .text}}|{{trimAll "Helo, Wrd" .text}}|{{trimAll "üG" .unicode}}',
  '{{trimAll "\\xfe" "\\xffa\\xff" | printf "%q"}}|{{trimAll "\\ufffd" "\\xffa\\xc3" | printf "%q"}}',
  '{{trimAll "\u{1f512} " .unicode}}|{{trimAll "é" "éaé\\xa9" | printf "%q"}}|{{trim "\\x85a\\xa0" | printf "%q"}}',
  '{{trimSuffix "World" .text}}|{{trimSuffix "x" .text}}|{{trimSuffix "" .text}}|{{trimPrefix "Hello" .text}}|{{trimPrefix .text "Hello"}}',
  '{{trimSuffix .text .text}}|{{trimPrefix "\\xc3" "é" | printf "%q"}}',
  '{{trim 1}}',
  '{{trim}}',
  '{{trim nil}}',
  '{{trim .nothing}}',
  '{{trim .missing}}',
  '{{.number | upper}}',
];

const filling = [
  '{{repeat 3 "ab"}}|{{repeat 0 "ab"}}|{{repeat 5 ""}}|{{"x" | repeat 2}}',
  '{{repeat -1 "a"}}',
  '{{repeat 9223372036854775807 "ab"}}',
  '{{repeat -9223372036854775808 ""}}',
  '{{indent 2 .lines}}|{{nindent 3 .lines}}|{{indent 0 .lines}}|{{indent 2 ""}}|{{nindent 0 "x\\n"}}',
  '{{indent -1 "x"}}',
  '{{nindent -1 "x"}}',
  ...['-1', '0', '1', '3', '5', '10', '43', '99', '9223372036854775807'].flatMap((width) => [
    `{{wrap ${width} .sentence}}|{{wrapWith ${width} "<br>" .sentence}}`,
    `{{wrap ${width} "supercalifragilistic x  yy   zzz "}}|{{wrapWith ${width} "" "supercalifragilistic x  yy   zzz "}}`,
  ]),
  '{{wrap 5 ""}}|{{wrapWith 5 "--" ""}}|{{wrap 4 .unicode | printf "%q"}}|{{wrapWith 4 "\\n" .unicode | printf "%q"}}',
  '{{replace "l" "L" .text}}|{{replace "" "-" .text}}|{{replace "" "-" ""}}|{{replace "ll" "" .text}}|{{replace "x" "y" .text}}',
  '{{replace "" "-" .unicode}}|{{replace "" "-" "\\xffa\\xc3" | printf "%q"}}|{{replace "aa" "a" "aaaaa"}}',
  `{{$long := repeat 20 "abc"}}{{replace $long "X" (print "zab" $long $long "ab" $long "c")}}|{{contains $long (print "ab" $long)}}|{{contains $long (substr 0 59 $long)}}`,
  '{{replace (repeat 40 "a") "b" (repeat 100 "a")}}|{{splitList (repeat 33 "ab") (repeat 99 "ab") | len}}|{{contains (print (repeat 40 "a") "b") (print (repeat 80 "a") "b")}}',
  '{{contains "lo" .text}} {{contains "" .text}} {{contains "x" .text}} {{contains "x" ""}} {{contains "" ""}}',
  '{{hasPrefix "He" .text}} {{hasPrefix "" ""}} {{hasPrefix .text "H"}} {{hasSuffix "ld" .text}} {{hasSuffix "x" .text}} {{hasSuffix "\\xbc" "ü"}}',
  '{{plural "one" "many" 1}} {{plural "one" "many" 0}} {{plural "one" "many" 2}} {{len .text | plural "one" "many"}} {{plural "a" "b" -1}}',
  '{{plural "one" "many" 1.0}}',
  '{{plural "one" "many" .number}}',
];

const showing = [
  '{{quote .text 1 nil .fraction true .list}}|{{quote}}|{{quote nil}}|{{quote .unicode "\\"\\n\\x00\\xff"}}|{{quote .mixed}}',
  '{{squote .text 1 nil .fraction true .list}}|{{squote}}|{{squote nil .missing}}|{{squote "it\'s"}}|{{squote .mixed .map}}',
  '{{cat "a" 1 nil .fraction .list .mixed .map}}|{{cat}}|{{cat nil}}|{{cat "" ""}}|{{cat " x " "y"}}|{{cat "%d" 5}}',
  '{{toString 1}} {{toString .text}} {{toString nil}} {{toString .mixed}} {{toString 1.0}} {{toString 1e30}} {{toString true}} {{toString .missing}}',
  '{{toString now | len | lt 0}} {{toString (toTime 0)}} {{toTime 0 | quote}} {{quote (list (toTime 0))}}',
  '{{toStrings .mixed | printf "%q"}}|{{toStrings "a"}}|{{toStrings nil}}|{{toStrings .list}}|{{toStrings (until 3) | printf "%q"}}|{{toStrings .map}}',
  '{{toJson (toStrings nil)}} {{toJson (toStrings .mixed)}} {{toJson (toStrings (list))}} {{typeOf (toStrings .list)}}',
  '{{join "-" .list}}|{{join "-" .mixed}}|{{join "" (list)}}|{{join "," nil}}|{{join "," 5}}|{{join "," (until 4)}}|{{splitList "," "b,a" | join "+"}}',
  '{{join "-" .map}}|{{join 1 .list}}',
  '{{sortAlpha .list}}|{{sortAlpha .mixed}}|{{sortAlpha "x"}}|{{sortAlpha nil}}|{{sortAlpha (list "é" "z" "A" "a" "" 10 9)}}|{{sortAlpha .map}}|{{sortAlpha (until 12)}}',
  '{{$l := splitList "," "c,b,a"}}{{sortAlpha $l}}{{$l}}|{{$m := list "c" "b"}}{{sortAlpha $m}}{{$m}}|{{toJson (sortAlpha (list))}}',
  '{{split "," "a,b,c"}}|{{(split "," "a,b,c")._1}}|{{split "" "aüb"}}|{{split "," ""}}|{{split "" ""}}|{{split "x" "axxb"}}|{{typeOf (split "," "a")}}',
  ...['-1', '0', '1', '2', '3', '9', '9223372036854775807', '-9223372036854775808'].map(
    (count) =>
      `{{splitn "," ${count} "a,b,c"}}|{{splitn "" ${count} "aüb"}}|{{splitn "," ${count} ""}}|{{splitn "" ${count} ""}}`,
  ),
  '{{splitList "," "a,b,,c"}}|{{splitList "" .unicode | len}}|{{toJson (splitList "," "")}}|{{toJson (splitList "" "")}}|{{splitList "" "\\xffa" | printf "%q"}}',
  '{{range $i, $s := splitList " " .sentence}}{{$i}}{{$s}};{{end}}|{{(split "$" "a$b")._9}}|{{range $k, $v := split "," "a,b"}}{{$k}}{{$v}}{{end}}',
  '{{split 1 "a"}}',
  '{{splitn "," "2" "a,b"}}',
];

const digests = [
  ...['sha1sum', 'sha256sum', 'sha512sum', 'adler32sum', 'b64enc', 'b32enc'].flatMap((name) => [
    `{{${name} .text}} {{${name} ""}} {{${name} .unicode}} {{${name} "\\xff\\x00"}} {{repeat 5000 "\\xff" | ${name}}}`,
    `{{range list "a" "ab" "abc" "abcd" "abcde" "abcdef"}}{{${name} .}} {{end}}`,
  ]),
  '{{sha256sum 1}}',
  ...[
    '',
    'SGVsbG8=',
    'SGVsbG8',
    'SGVs\\nbG8=',
    '////',
    '_-__',
    'A',
    'AA',
    'AAA',
    'A===',
    'AA==x',
    '====',
    'é',
    'AB==',
    '\\n',
  ].map((text) => `{{b64dec "${text}" | printf "%q"}}`),
  ...[
    '',
    'JBSWY3DP',
    'JBSWY3DPEE======',
    'JBSWY3DPEE',
    'jbswy3dp',
    'JBSWY3D',
    'JBSW\\nY3DP',
    'J',
    'J=======',
    'JB======',
  ].map((text) => `{{b32dec "${text}" | printf "%q"}}`),
  ...[
    'JBS=====',
    'JBSW====',
    'JBSWY===',
    'JBSWY3==',
    'JBSWY3D=',
    'JB=====',
    'JB=A====',
    'JB==A===',
    '========',
    '=',
    'JB',
  ].map((text) => `{{b32dec "${text}" | printf "%q"}}`),
  ...[
    'JB======A',
    'JB======JB======',
    'JBSWY3DP=',
    'JBSWY3DPJ=======',
    'JBSWY3DP1',
    'é',
    'JB=======',
    'JB=====\\r=',
    '7777',
    'JBSWY3D=JB',
  ].map((text) => `{{b32dec "${text}" | printf "%q"}}`),
];

const random = [
  ...['randAlpha', 'randNumeric', 'randAlphaNum', 'randAscii', 'randBytes'].flatMap((name) => [
    `{{${name} 0}}|{{${name} 1000 | len}}|{{${name} 7 | len}}|{{eq (${name} 20) (${name} 20)}}`,
    `{{${name} -1}}`,
    `{{${name} "1"}}`,
  ]),
  '{{shuffle "aaaa"}}|{{shuffle ""}}|{{shuffle "ü"}}|{{shuffle .sentence | splitList "" | sortAlpha | join ""}}|{{shuffle "\\xff\\xff" | printf "%q"}}',
  '{{uuidv4 | len}} {{substr 14 15 uuidv4}} {{substr 8 9 uuidv4}}{{substr 13 14 uuidv4}}{{substr 18 19 uuidv4}}{{substr 23 24 uuidv4}} {{eq uuidv4 uuidv4}}',
  '{{uuidv4 1}}',
];

export const sprigTextCases: readonly string[] = [...cases, ...cutting, ...filling, ...showing, ...digests, ...random];

/** What docs/divergences/go-templates.md says is different: template, and what ours makes of it, or says. */
export const sprigTextDifferences: readonly (readonly [template: string, ours: string | RegExp])[] = [
  ...['bcrypt', 'htpasswd', 'derivePassword', 'genPrivateKey'].map(
    (name) => [`{{if false}}{{${name}}}{{end}}`, new RegExp(`function "${name}" not defined`)] as const,
  ),
  ['{{upper "\\U00010d70"}}', '\u{10d50}'],
  ['{{regexMatch "\\\\p{Lu}" "\\U00010d50"}}', 'true'],
  ['{{urlParse "http://[::g]"}}', /invalid host: ParseAddr\("::g"\): unable to parse IP$/],
  ['{{(semver "1").SetPrerelease "a"}}', /can't evaluate field SetPrerelease/],
  ['{{(semver "1").Compare nil}}', /cannot assign nil to \*semver.Version/],
  ['{{(semver "1").major}}', /can't evaluate field major/],
  ['{{regexMatch (repeat 5000 "(a{1000})") "a"}}', /makes more than 33554432 bytes|takes more than 1000000 steps/],
  ['{{len (repeat 40000000 "a")}}', /makes more than 33554432 bytes/],
];
