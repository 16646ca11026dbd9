/**
 * The real programs that tests run against, each at the version the project is compatible with, and where each one
 * comes from. Data only; `install.ts` acts on it.
 */

export type Source =
  /** `go install PACKAGE@vVERSION` */
  | {
      readonly kind: 'go-install';
      readonly package: string;
      readonly binary: string;
      readonly cgo: boolean;
      readonly versionVariable?: string;
      /** Build tags, separated by commas. */
      readonly tags?: string;
    }
  /** Commands of the Kubernetes module and of the etcd server it names, built together. */
  | { readonly kind: 'kubernetes'; readonly packages: Readonly<Record<string, string>> }
  /** Files out of a Go module: path in the peer's folder, path in the module. */
  | { readonly kind: 'go-files'; readonly module: string; readonly files: Readonly<Record<string, string>> }
  /** A Go program of this repository. */
  | { readonly kind: 'go-program'; readonly folder: string; readonly binary: string }
  /** A virtual environment with one package. */
  | { readonly kind: 'python'; readonly requirement: string }
  /** A package of Debian, which installs into a folder of its own choice. */
  | { readonly kind: 'apt'; readonly package: string; readonly folder: string };

export type Peer = {
  readonly name: string;
  readonly version: string;
  readonly source: Source;
  /** Name of a program or file as tests ask for it, and its path inside the peer's folder. */
  readonly programs: Readonly<Record<string, string>>;
  readonly purpose: string;
};

export const peers: readonly Peer[] = [
  {
    name: 'step',
    version: '0.30.2',
    source: {
      kind: 'go-install',
      package: 'github.com/smallstep/cli/cmd/step',
      binary: 'step',
      cgo: true,
      versionVariable: 'main.Version',
    },
    programs: { step: 'step' },
    purpose: 'the step CLI against our CA',
  },
  {
    name: 'step-ca',
    version: '0.30.2',
    source: {
      kind: 'go-install',
      package: 'github.com/smallstep/certificates/cmd/step-ca',
      binary: 'step-ca',
      cgo: false, // with cgo it wants the headers of a smart card library
      versionVariable: 'main.Version',
    },
    programs: { 'step-ca': 'step-ca' },
    purpose: 'the original CA: our webhook, pod programs and CLI against it',
  },
  {
    name: 'kubernetes',
    version: '1.37.2',
    source: {
      kind: 'kubernetes',
      packages: {
        'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
        'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager',
        'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
        kubelet: 'k8s.io/kubernetes/cmd/kubelet',
        'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
        kubectl: 'k8s.io/kubernetes/cmd/kubectl',
        etcd: 'go.etcd.io/etcd/server/v3',
      },
    },
    programs: {
      'kube-apiserver': 'kube-apiserver',
      'kube-controller-manager': 'kube-controller-manager',
      'kube-scheduler': 'kube-scheduler',
      kubelet: 'kubelet',
      'kube-proxy': 'kube-proxy',
      kubectl: 'kubectl',
      etcd: 'etcd',
    },
    purpose: 'a real API server for admission and the chart, and a real node for everything',
  },
  {
    name: 'coredns',
    version: '1.15.0',
    source: { kind: 'go-program', folder: 'test/peers/coredns', binary: 'coredns' },
    programs: { coredns: 'coredns' },
    purpose: 'the cluster DNS of the node',
  },
  {
    name: 'pause',
    version: '1',
    source: { kind: 'go-program', folder: 'test/peers/pause', binary: 'pause' },
    programs: { pause: 'pause' },
    purpose: 'the sandbox container of the node',
  },
  {
    name: 'helm',
    version: '4.3.1',
    source: { kind: 'go-install', package: 'helm.sh/helm/v4/cmd/helm', binary: 'helm', cgo: false },
    programs: { helm: 'helm' },
    purpose: 'renders and lints the chart',
  },
  {
    name: 'helm',
    version: '3.22.0',
    source: { kind: 'go-install', package: 'helm.sh/helm/v3/cmd/helm', binary: 'helm', cgo: false },
    programs: { helm3: 'helm' },
    purpose: 'the same for those who have not moved to Helm 4',
  },
  {
    name: 'kubeconform',
    version: '0.8.0',
    source: {
      kind: 'go-install',
      package: 'github.com/yannh/kubeconform/cmd/kubeconform',
      binary: 'kubeconform',
      cgo: false,
    },
    programs: { kubeconform: 'kubeconform' },
    purpose: 'validates rendered manifests against the schemas of Kubernetes',
  },
  {
    name: 'promtool',
    version: '0.316.0', // of the module; Prometheus calls it 3.16.0
    source: {
      kind: 'go-install',
      package: 'github.com/prometheus/prometheus/cmd/promtool',
      binary: 'promtool',
      cgo: false,
      tags: 'remove_all_sd', // no service discovery: it brings the SDKs of every cloud
    },
    programs: { promtool: 'promtool' },
    purpose: 'checks and tests the alert rules of the chart',
  },
  {
    name: 'prometheus-operator-crds',
    version: '0.85.0',
    source: {
      kind: 'go-files',
      module: 'github.com/prometheus-operator/prometheus-operator',
      files: {
        'servicemonitors.yaml': 'example/prometheus-operator-crd/monitoring.coreos.com_servicemonitors.yaml',
        'podmonitors.yaml': 'example/prometheus-operator-crd/monitoring.coreos.com_podmonitors.yaml',
        'prometheusrules.yaml': 'example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml',
      },
    },
    programs: {
      'servicemonitors.yaml': 'servicemonitors.yaml',
      'podmonitors.yaml': 'podmonitors.yaml',
      'prometheusrules.yaml': 'prometheusrules.yaml',
    },
    purpose: 'the kinds of the Prometheus operator, to judge what the chart makes of them',
  },
  {
    name: 'pkilint',
    version: '0.13.3',
    source: { kind: 'python', requirement: 'pkilint==0.13.3' },
    programs: { lint_pkix_cert: 'bin/lint_pkix_cert' },
    purpose: 'lints certificates by RFC 5280',
  },
  {
    name: 'postgresql',
    version: '15',
    source: { kind: 'apt', package: 'postgresql-15', folder: '/usr/lib/postgresql/15/bin' },
    programs: { postgres: 'postgres', initdb: 'initdb', pg_dump: 'pg_dump', pg_restore: 'pg_restore' },
    purpose: 'the database of a CA with several replicas',
  },
];
