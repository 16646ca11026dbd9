/**
 * The parser of text/template (Go 1.26, text/template/parse/parse.go): tokens to trees, with Go's complaints. Complex
 * numbers are refused.
 *
 * Keep: every definition has its own look-ahead and its own variables; the lexer is shared.
 */
import { templateLimit, templateSyntax } from '../errors.ts';
import { unquote } from '../text/quoting.ts';
import { describeToken, Lexer, type Token, type TokenType } from './lexer.ts';
import {
  type ChainNode,
  type CommandNode,
  isEmptyTree,
  type ListNode,
  type Node,
  nodeText,
  type PipeNode,
  type TemplateNode,
  type VariableNode,
} from './nodes.ts';
import { readNumber } from './number-literal.ts';

export type Trees = ReadonlyMap<string, ListNode>;

/** What all definitions of one text share. */
type Source = {
  readonly name: string;
  readonly lexer: Lexer;
  readonly trees: Map<string, ListNode>;
  readonly hasFunction: (name: string) => boolean;
  readonly maxDepth: number;
  /** Open blocks and parentheses, over all definitions. */
  depth: number;
};

/**
 * Every template that the text defines, by name; the text itself is `name`.
 * @param text a byte string
 * @throws {AppError} ERR_TEMPLATE_SYNTAX, ERR_TEMPLATE_LIMIT (invalid)
 */
export function parseTrees(
  name: string,
  text: string,
  hasFunction: (name: string) => boolean,
  maxDepth: number,
): Trees {
  const source: Source = { name, lexer: new Lexer(text), trees: new Map(), hasFunction, maxDepth, depth: 0 };
  new TreeParser(source).parseAll();
  return source.trees;
}

type Control = { pipe: PipeNode; list: ListNode; elseList: ListNode | undefined };

const operandStarts: ReadonlySet<TokenType> = new Set<TokenType>([
  'bool',
  'charConstant',
  'complex',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

const noToken: Token = { type: 'error', position: 0, line: 0, value: '' };

class TreeParser {
  readonly #source: Source;
  /** Look-ahead; the last one is next. */
  #pending: Token[] = [];
  #latest: Token = noToken;
  #variables: string[] = ['$'];
  #actionLine = 0;
  #rangeDepth = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  #next(): Token {
    const token = this.#pending.pop();
    if (token) return token;
    this.#latest = this.#source.lexer.next();
    return this.#latest;
  }

  #peek(): Token {
    const token = this.#next();
    this.#pending.push(token);
    return token;
  }

  #nextNonSpace(): Token {
    let token = this.#next();
    while (token.type === 'space') token = this.#next();
    return token;
  }

  #peekNonSpace(): Token {
    const token = this.#nextNonSpace();
    this.#pending.push(token);
    return token;
  }

  /** Puts tokens back, the first of them first to come again. */
  #backup(...tokens: readonly Token[]): void {
    this.#pending.push(...tokens.toReversed());
  }

  #fail(problem: string): never {
    throw templateSyntax(this.#source.name, this.#latest.line, problem);
  }

  #unexpected(token: Token, context: string): never {
    if (token.type !== 'error') return this.#fail(`unexpected ${describeToken(token)} in ${context}`);
    let extra = '';
    if (this.#actionLine !== 0 && this.#actionLine !== token.line) {
      const word = token.value.endsWith(' action') ? '' : ' in action';
      extra = `${word} started at ${this.#source.name}:${this.#actionLine}`;
    }
    return this.#fail(token.value + extra);
  }

  #expect(context: string, ...types: readonly TokenType[]): Token {
    const token = this.#nextNonSpace();
    return types.includes(token.type) ? token : this.#unexpected(token, context);
  }

  #nested<Result>(parse: () => Result): Result {
    if (++this.#source.depth > this.#source.maxDepth) {
      throw templateLimit(`is nested deeper than ${this.#source.maxDepth} levels`);
    }
    const result = parse();
    this.#source.depth--;
    return result;
  }

  #add(name: string, tree: ListNode): void {
    const known = this.#source.trees.get(name);
    if (!known || isEmptyTree(known)) this.#source.trees.set(name, tree);
    else if (!isEmptyTree(tree)) this.#fail(`template: multiple definition of template "${name}"`);
  }

  parseAll(): void {
    const root: ListNode = { type: 'list', position: this.#peek().position, nodes: [] };
    while (this.#peek().type !== 'eof') {
      if (this.#peek().type === 'leftDelim') {
        const delimiter = this.#next();
        const word = this.#nextNonSpace();
        if (word.type === 'define') {
          new TreeParser(this.#source).parseDefinition();
          continue;
        }
        this.#backup(delimiter, word);
      }
      const node = this.#textOrAction();
      if (node.type === 'end' || node.type === 'else') this.#fail(`unexpected ${nodeText(node)}`);
      root.nodes.push(node);
    }
    this.#add(this.#source.name, root);
  }

  parseDefinition(): void {
    const context = 'define clause';
    const name = this.#unquote(this.#expect(context, 'string', 'rawString'));
    this.#expect(context, 'rightDelim');
    const { list, end } = this.#itemList();
    if (end.type !== 'end') this.#fail(`unexpected ${nodeText(end)} in ${context}`);
    this.#add(name, list);
  }

  #unquote(token: Token): string {
    return unquote(token.value) ?? this.#fail('invalid syntax');
  }

  #itemList(): { list: ListNode; end: Node } {
    return this.#nested(() => {
      const list: ListNode = { type: 'list', position: this.#peekNonSpace().position, nodes: [] };
      while (this.#peekNonSpace().type !== 'eof') {
        const node = this.#textOrAction();
        if (node.type === 'end' || node.type === 'else') return { list, end: node };
        list.nodes.push(node);
      }
      return this.#fail('unexpected EOF');
    });
  }

  #textOrAction(): Node {
    const token = this.#nextNonSpace();
    if (token.type === 'text') return { type: 'text', position: token.position, text: token.value };
    if (token.type !== 'leftDelim') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node {
    const token = this.#nextNonSpace();
    const { position } = token;
    switch (token.type) {
      case 'block':
        return this.#block();
      case 'break':
      case 'continue':
        return this.#loopControl(token.type, position);
      case 'else':
        return this.#else();
      case 'end':
        return { type: 'end', position: this.#expect('end', 'rightDelim').position };
      case 'if':
      case 'range':
      case 'with':
        return this.#branch(token.type);
      case 'template':
        return this.#template();
      default:
        this.#backup(token);
        return { type: 'action', position, pipe: this.#pipeline('command', 'rightDelim') };
    }
  }

  #loopControl(type: 'break' | 'continue', position: number): Node {
    const token = this.#nextNonSpace();
    if (token.type !== 'rightDelim') this.#unexpected(token, `{{${type}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${type}}} outside {{range}}`);
    return { type, position };
  }

  #else(): Node {
    const peek = this.#peekNonSpace();
    if (peek.type === 'if' || peek.type === 'with') return { type: 'else', position: peek.position };
    return { type: 'else', position: this.#expect('else', 'rightDelim').position };
  }

  #branch(type: 'if' | 'range' | 'with'): Node {
    const { pipe, list, elseList } = this.#control(type);
    return { type, position: pipe.position, pipe, list, elseList };
  }

  #control(context: 'if' | 'range' | 'with'): Control {
    const known = this.#variables.length;
    const pipe = this.#pipeline(context, 'rightDelim');
    if (context === 'range') this.#rangeDepth++;
    const { list, end } = this.#itemList();
    if (context === 'range') this.#rangeDepth--;
    let elseList: ListNode | undefined;
    if (end.type === 'else') {
      if (context !== 'range' && this.#peek().type === context) {
        this.#next(); // `else if`: the inner one takes the end of both
        const inner = this.#nested(() => this.#branch(context));
        elseList = { type: 'list', position: end.position, nodes: [inner] };
      } else {
        const rest = this.#itemList();
        if (rest.end.type !== 'end') this.#fail(`expected end; found ${nodeText(rest.end)}`);
        elseList = rest.list;
      }
    }
    this.#variables.length = known;
    return { pipe, list, elseList };
  }

  #block(): TemplateNode {
    const context = 'block clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, 'rightDelim');
    new TreeParser(this.#source).#blockBody(name, context);
    return { type: 'template', position: token.position, name, pipe };
  }

  #blockBody(name: string, context: string): void {
    const { list, end } = this.#itemList();
    if (end.type !== 'end') this.#fail(`unexpected ${nodeText(end)} in ${context}`);
    this.#add(name, list);
  }

  #template(): TemplateNode {
    const context = 'template clause';
    const token = this.#nextNonSpace();
    const name = this.#templateName(token, context);
    const next = this.#nextNonSpace();
    let pipe: PipeNode | undefined;
    if (next.type !== 'rightDelim') {
      this.#backup(next);
      pipe = this.#pipeline(context, 'rightDelim');
    }
    return { type: 'template', position: token.position, name, pipe };
  }

  #templateName(token: Token, context: string): string {
    if (token.type !== 'string' && token.type !== 'rawString') return this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #pipeline(context: string, end: 'rightDelim' | 'rightParen'): PipeNode {
    const pipe: PipeNode = {
      type: 'pipe',
      position: this.#peekNonSpace().position,
      isAssign: false,
      declarations: [],
      commands: [],
    };
    while (this.#declaration(pipe, context));
    for (;;) {
      const token = this.#nextNonSpace();
      if (token.type === end) break;
      if (!operandStarts.has(token.type)) this.#unexpected(token, context);
      this.#backup(token);
      pipe.commands.push(this.#command());
    }
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`);
    for (const [index, command] of pipe.commands.entries()) {
      if (index > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(command.args[0]?.type ?? '')) {
        this.#fail(`non executable command in pipeline stage ${index + 1}`);
      }
    }
    return pipe;
  }

  /** One declared or assigned variable; true when another one must follow. */
  #declaration(pipe: PipeNode, context: string): boolean {
    const variable = this.#peekNonSpace();
    if (variable.type !== 'variable') return false;
    this.#next();
    const after = this.#peek();
    const next = this.#peekNonSpace();
    const declare = (): void => {
      this.#nextNonSpace();
      pipe.declarations.push({ type: 'variable', position: variable.position, names: variable.value.split('.') });
      this.#variables.push(variable.value);
    };
    if (next.type === 'assign' || next.type === 'declare') {
      pipe.isAssign = next.type === 'assign';
      declare();
      return false;
    }
    if (next.type === 'char' && next.value === ',') {
      declare();
      if (context !== 'range' || pipe.declarations.length >= 2) this.#fail(`too many declarations in ${context}`);
      const { type } = this.#peekNonSpace();
      if (type !== 'variable' && type !== 'rightDelim' && type !== 'rightParen') {
        this.#fail('range can only initialize variables');
      }
      return true;
    }
    if (after.type === 'space') {
      this.#backup(variable, after); // the next one is pending already
    } else {
      this.#backup(variable);
    }
    return false;
  }

  #command(): CommandNode {
    const command: CommandNode = { type: 'command', position: this.#peekNonSpace().position, args: [] };
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand) command.args.push(operand);
      const token = this.#next();
      if (token.type === 'space') continue;
      if (token.type === 'rightDelim' || token.type === 'rightParen') this.#backup(token);
      else if (token.type !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (command.args.length === 0) this.#fail('empty command');
    return command;
  }

  #operand(): Node | undefined {
    const node = this.#term();
    if (!node || this.#peek().type !== 'field') return node;
    const chain: ChainNode = { type: 'chain', position: this.#peek().position, node, fields: [] };
    while (this.#peek().type === 'field') chain.fields.push(this.#next().value.slice(1));
    switch (node.type) {
      case 'field':
        return { type: 'field', position: chain.position, names: [...node.names, ...chain.fields] };
      case 'variable':
        return { type: 'variable', position: chain.position, names: [...node.names, ...chain.fields] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${JSON.stringify(nodeText(node))}`);
      default:
        return chain;
    }
  }

  #term(): Node | undefined {
    const token = this.#nextNonSpace();
    const { position, value } = token;
    switch (token.type) {
      case 'identifier':
        if (!this.#source.hasFunction(value)) this.#fail(`function "${value}" not defined`);
        return { type: 'identifier', position, name: value };
      case 'dot':
      case 'nil':
        return { type: token.type, position };
      case 'variable':
        return this.#variable(position, value);
      case 'field':
        return { type: 'field', position, names: [value.slice(1)] };
      case 'bool':
        return { type: 'bool', position, value: value === 'true' };
      case 'charConstant':
      case 'complex':
      case 'number': {
        if (token.type === 'complex' || value.endsWith('i')) this.#fail(`complex number ${value} is not supported`);
        const number = readNumber(value);
        if (typeof number === 'string') this.#fail(number);
        return { type: 'number', position, text: value, ...number };
      }
      case 'leftParen':
        return this.#nested(() => this.#pipeline('parenthesized pipeline', 'rightParen'));
      case 'string':
      case 'rawString':
        return { type: 'string', position, quoted: value, text: this.#unquote(token) };
      default:
        this.#backup(token);
        return undefined;
    }
  }

  #variable(position: number, name: string): VariableNode {
    if (!this.#variables.includes(name)) this.#fail(`undefined variable "${name}"`);
    return { type: 'variable', position, names: [name] };
  }
}
