/** The version of the package, the same for every program. */
import packageJson from '../package.json' with { type: 'json' };

export const version: string = packageJson.version;

/** How the command line names itself to a CA. */
export const userAgent = `autocert/${version} (${process.platform}/${process.arch})`;
