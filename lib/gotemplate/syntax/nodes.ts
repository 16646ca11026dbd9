/** The parse tree of a template, and how Go writes a node in its messages. */
import { quote } from '../text/quoting.ts';

type At = { readonly position: number };

export type ListNode = At & { readonly type: 'list'; readonly nodes: Node[] };
export type TextNode = At & { readonly type: 'text'; readonly text: string };
export type ActionNode = At & { readonly type: 'action'; readonly pipe: PipeNode };
export type PipeNode = At & {
  readonly type: 'pipe';
  isAssign: boolean;
  readonly declarations: VariableNode[];
  readonly commands: CommandNode[];
};
export type CommandNode = At & { readonly type: 'command'; readonly args: Node[] };
export type IdentifierNode = At & { readonly type: 'identifier'; readonly name: string };
/** `$x.Field`: the name with its dollar, then the fields. */
export type VariableNode = At & { readonly type: 'variable'; readonly names: readonly string[] };
export type FieldNode = At & { readonly type: 'field'; readonly names: readonly string[] };
export type ChainNode = At & { readonly type: 'chain'; readonly node: Node; readonly fields: string[] };
export type NumberNode = At & {
  readonly type: 'number';
  readonly text: string;
  readonly int: bigint | undefined;
  readonly uint: bigint | undefined;
  readonly float: number | undefined;
};
export type StringNode = At & { readonly type: 'string'; readonly quoted: string; readonly text: string };
export type BranchNode = At & {
  readonly type: 'if' | 'range' | 'with';
  readonly pipe: PipeNode;
  readonly list: ListNode;
  readonly elseList: ListNode | undefined;
};
export type TemplateNode = At & {
  readonly type: 'template';
  readonly name: string;
  readonly pipe: PipeNode | undefined;
};
export type Node =
  | ListNode
  | TextNode
  | ActionNode
  | PipeNode
  | CommandNode
  | IdentifierNode
  | VariableNode
  | FieldNode
  | ChainNode
  | NumberNode
  | StringNode
  | BranchNode
  | TemplateNode
  | (At & { readonly type: 'bool'; readonly value: boolean })
  | (At & { readonly type: 'dot' | 'nil' | 'break' | 'continue' | 'end' | 'else' });

/** As Go's Node.String. `room` bounds the length of what is made of a large node. */
export function nodeText(node: Node, room = 4096): string {
  switch (node.type) {
    case 'list':
      return node.nodes.reduce((text, inner) => (text.length > room ? text : text + nodeText(inner, room)), '');
    case 'text':
      return node.text;
    case 'action':
      return `{{${nodeText(node.pipe, room)}}}`;
    case 'pipe':
      return pipeText(node, room);
    case 'command':
      return node.args.map((arg) => inParens(arg, room)).join(' ');
    case 'identifier':
      return node.name;
    case 'variable':
      return node.names.join('.');
    case 'field':
      return node.names.map((name) => `.${name}`).join('');
    case 'chain':
      return inParens(node.node, room) + node.fields.map((name) => `.${name}`).join('');
    case 'number':
      return node.text;
    case 'string':
      return node.quoted;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe ? ` ${nodeText(node.pipe, room)}` : ''}}}`;
    case 'bool':
      return String(node.value);
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'if':
    case 'range':
    case 'with': {
      const otherwise = node.elseList ? `{{else}}${nodeText(node.elseList, room)}` : '';
      return `{{${node.type} ${nodeText(node.pipe, room)}}}${nodeText(node.list, room)}${otherwise}{{end}}`;
    }
    default:
      return `{{${node.type}}}`;
  }
}

const inParens = (node: Node, room: number): string =>
  node.type === 'pipe' ? `(${nodeText(node, room)})` : nodeText(node, room);

function pipeText({ declarations, isAssign, commands }: PipeNode, room: number): string {
  const declared = declarations.map((variable) => nodeText(variable, room)).join(', ');
  const sign = declarations.length === 0 ? '' : isAssign ? ' = ' : ' := ';
  return declared + sign + commands.map((command) => nodeText(command, room)).join(' | ');
}

/** Nothing but space: such a definition does not replace another one. */
export function isEmptyTree(list: ListNode): boolean {
  return list.nodes.every((node) => node.type === 'text' && /^[\s\x85\xa0]*$/.test(node.text));
}
