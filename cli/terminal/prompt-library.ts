/** The prompts that are used, named one by one so that a bundle holds no others; loaded with the first question. */
export { confirm, password, select } from '@inquirer/prompts';
