/**
 * Executes the trees of a template over its data, as Go's text/template does: what is printed, which values fields and
 * pipelines have, and what is said where something does not fit.
 *
 * Keep: every node that is walked and every byte that is written counts against the budget, so that any template ends.
 */
import { FunctionError, templateExecution, templateLimit } from '../errors.ts';
import type { Budget } from '../limits.ts';
import {
  type BranchNode,
  type CommandNode,
  type Node,
  type NumberNode,
  nodeText,
  type PipeNode,
} from '../syntax/nodes.ts';
import type { Trees } from '../syntax/parser.ts';
import { renderValue } from '../text/print.ts';
import {
  Boxed,
  GoMap,
  Integer,
  integerOf,
  isTrue,
  List,
  type Method,
  type Operand,
  Struct,
  typeName,
  unbox,
  type Value,
} from '../values.ts';
import { acceptsNil, checkArgument, parameterName } from './arguments.ts';
import type { FunctionTable, ParameterType, TemplateFunction } from './functions.ts';
import { entryOf } from './indexing.ts';

export type Program = {
  readonly name: string;
  /** The whole text; positions of nodes count its bytes. */
  readonly text: string;
  readonly trees: Trees;
  readonly functions: FunctionTable;
};

/** Nothing came through the pipe. */
const missing = Symbol('missing');
type Final = Operand | typeof missing;

class Break extends Error {}
class Continue extends Error {}

/** A method as a function. */
function boundTo(receiver: Struct, method: Method): TemplateFunction {
  const plain = (args: readonly Operand[]): Value[] => args.map((each) => unbox(each) ?? null);
  if (typeof method === 'function') {
    return { parameters: ['any'], variadic: true, call: (args) => method(plain(args)) };
  }
  return { parameters: method.parameters, call: (args, budget) => method.call(receiver, plain(args), budget) };
}

type Variable = { readonly name: string; value: Operand };

/** What one template has written, with its variables. */
export class Evaluator {
  readonly #program: Program;
  readonly #template: string;
  readonly #budget: Budget;
  readonly #output: string[];
  readonly #depth: number;
  #variables: Variable[];
  #node: Node | undefined;

  constructor(program: Program, template: string, data: Operand, budget: Budget, output: string[], depth = 0) {
    this.#program = program;
    this.#template = template;
    this.#budget = budget;
    this.#output = output;
    this.#depth = depth;
    this.#variables = [{ name: '$', value: data }];
  }

  /** @throws {AppError} ERR_TEMPLATE_EXECUTION, ERR_TEMPLATE_LIMIT (invalid) */
  run(): void {
    const tree = this.#program.trees.get(this.#template);
    if (tree) this.#walk(this.#variables[0]?.value, tree);
  }

  #fail(problem: string, cause?: unknown): never {
    const { name, text } = this.#program;
    const position = this.#node?.position ?? 0;
    const before = text.slice(0, position);
    const line = 1 + before.split('\n').length - 1;
    const column = position - (before.lastIndexOf('\n') + 1);
    const at = this.#node ? ` at <${nodeText(this.#node)}>` : '';
    throw templateExecution(
      `template: ${name}:${line}:${column}: executing ${JSON.stringify(this.#template)}${at}: ${problem}`,
      cause,
    );
  }

  #write(text: string): void {
    this.#budget.write(text.length);
    this.#output.push(text);
  }

  #walk(dot: Operand, node: Node): void {
    this.#budget.step();
    this.#node = node;
    switch (node.type) {
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.declarations.length === 0) this.#print(node, value);
        return;
      }
      case 'break':
        throw new Break();
      case 'continue':
        throw new Continue();
      case 'if':
      case 'with':
        this.#branch(dot, node);
        return;
      case 'list':
        for (const inner of node.nodes) this.#walk(dot, inner);
        return;
      case 'range':
        this.#range(dot, node);
        return;
      case 'template': {
        if (!this.#program.trees.has(node.name)) this.#fail(`template ${JSON.stringify(node.name)} not defined`);
        if (this.#depth >= this.#budget.limits.depth) {
          throw templateLimit(`calls templates more than ${this.#budget.limits.depth} deep`);
        }
        const data = node.pipe ? this.#pipeline(dot, node.pipe) : undefined;
        new Evaluator(this.#program, node.name, data, this.#budget, this.#output, this.#depth + 1).run();
        return;
      }
      case 'text':
        this.#write(node.text);
        return;
      default:
        this.#fail(`unknown node: ${nodeText(node)}`);
    }
  }

  #print(node: Node, operand: Operand): void {
    this.#node = node;
    const value = unbox(operand);
    this.#write(value === undefined ? '<no value>' : renderValue(value, this.#budget));
  }

  /** Variables that are declared within go with it. */
  #scoped(body: () => void): void {
    const mark = this.#variables.length;
    try {
      body();
    } finally {
      this.#variables.length = mark;
    }
  }

  #branch(dot: Operand, { type, pipe, list, elseList }: BranchNode): void {
    this.#scoped(() => {
      const value = this.#pipeline(dot, pipe);
      if (isTrue(unbox(value))) this.#walk(type === 'with' ? value : dot, list);
      else if (elseList) this.#walk(dot, elseList);
    });
  }

  #range(dot: Operand, node: BranchNode): void {
    this.#scoped(() => {
      const value = unbox(this.#pipeline(dot, node.pipe));
      let empty = true;
      try {
        for (const [index, element] of this.#elements(value, node)) {
          empty = false;
          this.#iterate(node, index, element);
        }
      } catch (error) {
        if (!(error instanceof Break)) throw error;
      }
      if (empty && node.elseList) this.#walk(dot, node.elseList);
    });
  }

  *#elements(value: Value | undefined, node: BranchNode): Generator<[Operand, Operand]> {
    const count = integerOf(value);
    if (count !== undefined) {
      if (node.pipe.declarations.length > 1)
        this.#fail(`can't use ${renderValue(value, this.#budget)} to iterate over more than one variable`);
      for (let index = 0n; index < count; index++) {
        const each = value instanceof Integer ? new Integer(value.type, index) : index;
        yield [each, each];
      }
    } else if (value instanceof List) {
      const boxes = value.element === 'interface {}';
      for (const [index, item] of value.items.entries()) yield [BigInt(index), boxes ? new Boxed(item) : item];
    } else if (value instanceof GoMap) {
      const boxes = value.element === 'interface {}';
      for (const [key, item] of value.sorted()) yield [key, boxes ? new Boxed(item) : item];
    } else if (value !== undefined && value !== null) {
      this.#fail(`range can't iterate over ${renderValue(value, this.#budget)}`);
    } else if (value === null) this.#fail("range can't iterate over <nil>");
  }

  #iterate({ pipe, list }: BranchNode, index: Operand, element: Operand): void {
    const { declarations, isAssign } = pipe;
    const [first, second] = declarations;
    if (isAssign) {
      if (first && second) this.#assign(first.names[0] ?? '', index);
      const target = second ?? first;
      if (target) this.#assign(target.names[0] ?? '', element);
    } else if (declarations.length > 0) {
      this.#setTop(1, element);
      if (declarations.length > 1) this.#setTop(2, index);
    }
    this.#scoped(() => {
      try {
        this.#walk(element, list);
      } catch (error) {
        if (!(error instanceof Continue)) throw error;
      }
    });
  }

  /** The pipeline of a range has declared its variables; they are given their values at each turn. */
  #setTop(fromEnd: number, value: Operand): void {
    const variable = this.#variables[this.#variables.length - fromEnd];
    if (variable && variable.name !== '$') variable.value = value;
  }

  #find(name: string): Variable {
    return this.#variables.findLast((each) => each.name === name) ?? this.#fail(`undefined variable: ${name}`);
  }

  #assign(name: string, value: Operand): void {
    this.#find(name).value = value;
  }

  #pipeline(dot: Operand, pipe: PipeNode): Operand {
    this.#node = pipe;
    this.#budget.step();
    let value: Final = missing;
    for (const command of pipe.commands) {
      value = unbox(this.#command(dot, command, value)) ?? undefined; // an empty interface is no value
    }
    const result: Operand = value === missing ? undefined : value;
    for (const { names } of pipe.declarations) {
      if (pipe.isAssign) this.#assign(names[0] ?? '', result);
      else this.#variables.push({ name: names[0] ?? '', value: result });
    }
    return result;
  }

  #command(dot: Operand, command: CommandNode, final: Final): Operand {
    const [first] = command.args;
    if (!first) return undefined;
    switch (first.type) {
      case 'field':
        return this.#field(dot, first, command.args, final);
      case 'chain':
        return this.#chain(dot, first, command.args, final);
      case 'identifier':
        return this.#function(dot, first, first.name, command, command.args, final);
      case 'variable':
        return this.#variable(first, command.args, final);
      case 'pipe':
        this.#refuseArguments(command.args, final);
        return this.#pipeline(dot, first);
      default:
        this.#node = first;
        this.#refuseArguments(command.args, final);
        return this.#constant(dot, first);
    }
  }

  #constant(dot: Operand, node: Node): Operand {
    switch (node.type) {
      case 'bool':
        return node.value;
      case 'dot':
        return dot;
      case 'number':
        return this.#idealNumber(node);
      case 'string':
        return node.text;
      case 'nil':
        return this.#fail('nil is not a command');
      default:
        return this.#fail(`can't evaluate command ${JSON.stringify(nodeText(node))}`);
    }
  }

  /** int where it can be; what is written with a point or an exponent is float64. */
  #idealNumber(node: NumberNode): Value {
    this.#node = node;
    const { text, int, float } = node;
    const isHex = /^[+-]?0x/i.test(text) && !/p/i.test(text);
    if (float !== undefined && !isHex && !text.startsWith("'") && /[.eEpP]/.test(text)) return float;
    if (int !== undefined) return int;
    return this.#fail(`${text} overflows int`);
  }

  #refuseArguments(args: readonly Node[], final: Final): void {
    if (args.length > 1 || final !== missing) {
      const [first] = args;
      this.#fail(`can't give argument to non-function ${first ? nodeText(first) : ''}`);
    }
  }

  #field(dot: Operand, node: Node & { type: 'field' }, args: readonly Node[], final: Final): Operand {
    this.#node = node;
    return this.#fieldChain(dot, dot, node, node.names, args, final);
  }

  #variable(node: Node & { type: 'variable' }, args: readonly Node[], final: Final): Operand {
    this.#node = node;
    const [name = '', ...fields] = node.names;
    const variable = this.#find(name);
    if (fields.length === 0) {
      this.#refuseArguments(args, final);
      return variable.value;
    }
    return this.#fieldChain(undefined, variable.value, node, fields, args, final);
  }

  #chain(dot: Operand, node: Node & { type: 'chain' }, args: readonly Node[], final: Final): Operand {
    this.#node = node;
    if (node.node.type === 'nil') return this.#fail(`indirection through explicit nil in ${nodeText(node)}`);
    const receiver = this.#argument(dot, 'operand', node.node);
    return this.#fieldChain(dot, receiver, node, node.fields, args, final);
  }

  #fieldChain(
    dot: Operand,
    receiver: Operand,
    node: Node,
    names: readonly string[],
    args: readonly Node[],
    final: Final,
  ): Operand {
    let current = receiver;
    for (const name of names.slice(0, -1)) current = this.#member(dot, name, node, [], missing, current);
    return this.#member(dot, names.at(-1) ?? '', node, args, final, current);
  }

  #member(dot: Operand, name: string, node: Node, args: readonly Node[], final: Final, receiver: Operand): Operand {
    this.#budget.step();
    const value = unbox(receiver);
    const shownType = receiver instanceof Boxed ? 'interface {}' : typeName(value);
    if (value === undefined) return undefined;
    if (value === null) return this.#fail(`nil pointer evaluating interface {}.${name}`);
    const hasArguments = args.length > 1 || final !== missing;
    if (value instanceof Struct) {
      const method = value.methods.get(name);
      if (method) {
        return this.#call(dot, boundTo(value, method), node, name, args, final);
      }
      const field = value.fields.get(name);
      if (field) {
        if (hasArguments) this.#fail(`${name} has arguments but cannot be invoked as function`);
        return field.boxed ? new Boxed(field.value) : field.value;
      }
    }
    if (value instanceof GoMap) {
      if (hasArguments) this.#fail(`${name} is not a method but has arguments`);
      return entryOf(value, name);
    }
    return this.#fail(`can't evaluate field ${name} in type ${shownType}`);
  }

  #function(dot: Operand, node: Node, name: string, command: Node, args: readonly Node[], final: Final): Operand {
    this.#node = node;
    const known = this.#program.functions.get(name);
    if (!known) return this.#fail(`${JSON.stringify(name)} is not a defined function`);
    return this.#call(dot, known, command, name, args, final);
  }

  #call(
    dot: Operand,
    { parameters, variadic, call }: TemplateFunction,
    node: Node,
    name: string,
    nodes: readonly Node[],
    final: Final,
  ): Operand {
    const args = nodes.slice(1);
    const given = args.length + (final === missing ? 0 : 1);
    const fixed = variadic ? parameters.length - 1 : parameters.length;
    if (given < fixed || (!variadic && given !== fixed)) {
      const want = variadic ? `at least ${fixed}` : String(fixed);
      this.#fail(`wrong number of args for ${name}: want ${want} got ${variadic ? args.length : given}`);
    }
    const typeAt = (index: number): ParameterType => parameters[Math.min(index, parameters.length - 1)] ?? 'any';
    if (name === 'and' || name === 'or') {
      let value: Operand;
      for (const arg of args) {
        value = this.#argument(dot, typeAt(0), arg);
        if (isTrue(unbox(value)) === (name === 'or')) return value;
      }
      return final === missing ? value : final;
    }
    const operands = args.map((arg, index) => this.#argument(dot, typeAt(index), arg));
    if (final !== missing) operands.push(this.#checked(final, typeAt(given - 1)));
    if (name === 'call') {
      this.#node = node;
      return this.#refuseCall(args, operands);
    }
    try {
      return call(operands, this.#budget);
    } catch (error) {
      if (!(error instanceof FunctionError)) throw error;
      this.#node = node;
      return this.#fail(`error calling ${name}: ${error.message}`, error);
    }
  }

  /** Data holds no functions. */
  #refuseCall([what]: readonly Node[], [operand]: readonly Operand[]): never {
    const value = unbox(operand);
    const shown = what ? nodeText(what) : '';
    if (value === undefined || value === null) return this.#fail('error calling call: call of nil');
    return this.#fail(`error calling call: non-function ${shown} of type ${typeName(value)}`);
  }

  #checked(operand: Operand, type: ParameterType): Operand {
    const result = checkArgument(operand, type);
    return 'problem' in result ? this.#fail(result.problem) : result.operand;
  }

  #argument(dot: Operand, type: ParameterType, node: Node): Operand {
    this.#budget.step();
    this.#node = node;
    switch (node.type) {
      case 'dot':
        return this.#checked(dot, type);
      case 'nil':
        if (acceptsNil(type)) return type === 'operand' ? undefined : this.#checked(undefined, type);
        return this.#fail(`cannot assign nil to ${parameterName(type)}`);
      case 'field':
        return this.#checked(this.#field(dot, node, [node], missing), type);
      case 'variable':
        return this.#checked(this.#variable(node, [], missing), type);
      case 'pipe':
        return this.#checked(this.#pipeline(dot, node), type);
      case 'identifier':
        return this.#checked(this.#function(dot, node, node.name, node, [], missing), type);
      case 'chain':
        return this.#checked(this.#chain(dot, node, [], missing), type);
      default:
        return this.#literal(node, type);
    }
  }

  #literal(node: Node, type: ParameterType): Operand {
    const found = nodeText(node);
    switch (type) {
      case 'bool':
        return node.type === 'bool' ? node.value : this.#fail(`expected bool; found ${found}`);
      case 'string':
        return node.type === 'string' ? node.text : this.#fail(`expected string; found ${found}`);
      case 'int':
      case 'int64':
      case 'time.Duration': {
        if (node.type !== 'number' || node.int === undefined) return this.#fail(`expected integer; found ${found}`);
        return type === 'int' ? node.int : new Integer(type, node.int);
      }
      case 'float64':
        if (node.type !== 'number' || node.float === undefined) return this.#fail(`expected float; found ${found}`);
        return node.float;
      case 'any':
      case 'operand':
        if (node.type === 'bool') return node.value;
        if (node.type === 'string') return node.text;
        if (node.type === 'number') return this.#idealNumber(node);
        return this.#fail(`can't handle assignment of ${found} to empty interface argument`);
      default:
        return this.#fail(`can't handle ${found} for arg of type ${parameterName(type)}`);
    }
  }
}
