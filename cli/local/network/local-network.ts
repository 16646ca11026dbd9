/** The network folder of a run: writes the table of Services, reads the ports that pods have announced. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Pod } from '../manifests/objects.ts';
import { portFile, type ServiceEntry, type ServiceTable, tableFile } from './cluster-names.ts';
import { buildServiceLinks } from './reachable-services.ts';
import { podKey } from './service-table.ts';

export class LocalNetwork {
  readonly folder: string;
  #table: ServiceTable;

  constructor(folder: string, clusterDomain: string) {
    this.folder = folder;
    this.#table = { clusterDomain, services: [] };
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    this.setServices([]);
  }

  get table(): ServiceTable {
    return this.#table;
  }

  setServices(services: readonly ServiceEntry[]): void {
    this.#table = { ...this.#table, services };
    const path = join(this.folder, tableFile);
    writeFileSync(`${path}.new`, JSON.stringify(this.#table));
    renameSync(`${path}.new`, path); // a pod reads the old table or the new one
  }

  /** The port of this machine that stands for a port of a pod, undefined while nobody listens. */
  readonly findLocalPort = (pod: string, port: number): number | undefined => {
    try {
      return Number(readFileSync(join(this.folder, portFile(pod, port)), 'utf8'));
    } catch {
      return undefined; // not announced (yet)
    }
  };

  /** Service links, and what makes a Node program of the pod use this network. */
  environment(pod: Pod, preload: URL): Record<string, string> {
    return {
      ...buildServiceLinks(this.#table, pod.metadata.namespace ?? '', this.findLocalPort),
      AUTOCERT_LOCAL_NETWORK: this.folder,
      AUTOCERT_LOCAL_POD: podKey(pod),
      NODE_OPTIONS: `--import=${preload.href}`,
    };
  }
}
