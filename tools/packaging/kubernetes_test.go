package packaging_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	psapi "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// cluster is what `kubectl apply -k` sends, and the files beside it.
type cluster struct {
	namespace  corev1.Namespace
	config     corev1.ConfigMap
	store      corev1.PersistentVolumeClaim
	deployment appsv1.Deployment
	services   []*corev1.Service
	budget     policyv1.PodDisruptionBudget
	network    networkingv1.NetworkPolicy
	monitor    monitoringv1.PodMonitor
	secrets    []*corev1.Secret // the example's
}

// loadCluster builds the kustomization and decodes each object by its own type:
// a field that the type does not have is an error.
func loadCluster(t *testing.T) *cluster {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), root+"deploy/kubernetes")
	if err != nil {
		t.Fatal(err)
	}
	applied, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	c := &cluster{}
	c.decode(t, "kustomization", applied)
	for _, file := range []string{"podmonitor.yaml", "secrets.example.yaml"} {
		c.decode(t, file, read(t, "deploy/kubernetes/"+file))
	}
	return c
}

func (c *cluster) decode(t *testing.T, from string, stream []byte) {
	t.Helper()
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(stream)))
	for {
		text, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		var kind metav1.TypeMeta
		if err := yaml.Unmarshal(text, &kind); err != nil {
			t.Fatalf("%s: %v", from, err)
		}
		if err := yaml.UnmarshalStrict(text, c.place(t, kind)); err != nil {
			t.Errorf("%s: %s: %v", from, kind.Kind, err)
		}
	}
}

// place is where an object of the kind goes. A kind or a version that is not
// known here fails the test.
func (c *cluster) place(t *testing.T, kind metav1.TypeMeta) any {
	t.Helper()
	switch kind.APIVersion + " " + kind.Kind {
	case "v1 Namespace":
		return &c.namespace
	case "v1 ConfigMap":
		return &c.config
	case "v1 PersistentVolumeClaim":
		return &c.store
	case "apps/v1 Deployment":
		return &c.deployment
	case "v1 Service":
		c.services = append(c.services, &corev1.Service{})
		return c.services[len(c.services)-1]
	case "policy/v1 PodDisruptionBudget":
		return &c.budget
	case "networking.k8s.io/v1 NetworkPolicy":
		return &c.network
	case "monitoring.coreos.com/v1 PodMonitor":
		return &c.monitor
	case "v1 Secret":
		c.secrets = append(c.secrets, &corev1.Secret{})
		return c.secrets[len(c.secrets)-1]
	}
	t.Fatalf("%s %s: not known to this test", kind.APIVersion, kind.Kind)
	return nil
}

func TestPods_restricted_profile(t *testing.T) {
	t.Parallel()
	c := loadCluster(t)
	if got := c.namespace.Labels[psapi.EnforceLevelLabel]; got != string(psapi.LevelRestricted) {
		t.Errorf("the namespace enforces %q, want %s", got, psapi.LevelRestricted)
	}
	profile, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	pod := &c.deployment.Spec.Template
	restricted := psapi.LevelVersion{Level: psapi.LevelRestricted, Version: psapi.LatestVersion()}
	for _, result := range profile.EvaluatePod(restricted, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			t.Errorf("pod: %s: %s", result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
	for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
		if s := container.SecurityContext; s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem {
			t.Errorf("container %s: its root can be written to", container.Name)
		}
	}
}

// Kubernetes puts NAME_PORT and the like of every Service into pods, which for a
// Service called exportd are names of exportd's options.
func TestPods_no_service_links(t *testing.T) {
	t.Parallel()
	if on := loadCluster(t).deployment.Spec.Template.Spec.EnableServiceLinks; on == nil || *on {
		t.Error("enableServiceLinks is on")
	}
}

func TestKustomization_selectors_and_ports(t *testing.T) {
	t.Parallel()
	c := loadCluster(t)
	pod := labels.Set(c.deployment.Spec.Template.Labels)
	selectors := map[string]*metav1.LabelSelector{
		"deployment": c.deployment.Spec.Selector, "budget": c.budget.Spec.Selector,
		"network policy": &c.network.Spec.PodSelector, "pod monitor": &c.monitor.Spec.Selector,
		"topology spread": c.deployment.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector,
	}
	for _, s := range c.services {
		selectors["service "+s.Name] = &metav1.LabelSelector{MatchLabels: s.Spec.Selector}
	}
	for name, s := range selectors {
		selector, err := metav1.LabelSelectorAsSelector(s)
		if err != nil || selector.Empty() || !selector.Matches(pod) {
			t.Errorf("%s: selects %v (%v), which are not the pods' %v", name, s, err, pod)
		}
	}

	var ports []string
	container := c.deployment.Spec.Template.Spec.Containers[0]
	for _, p := range container.Ports {
		ports = append(ports, p.Name)
	}
	named := []string{*c.monitor.Spec.PodMetricsEndpoints[0].Port}
	for _, p := range []*corev1.Probe{container.StartupProbe, container.LivenessProbe, container.ReadinessProbe} {
		named = append(named, p.HTTPGet.Port.String())
	}
	for _, s := range c.services {
		for _, p := range s.Spec.Ports {
			named = append(named, p.TargetPort.String())
		}
	}
	for _, p := range c.network.Spec.Ingress[0].Ports {
		named = append(named, p.Port.String())
	}
	for _, name := range named {
		if !slices.Contains(ports, name) {
			t.Errorf("port %q is named, the container has %q", name, ports)
		}
	}
}

func TestPods_volumes(t *testing.T) {
	t.Parallel()
	c := loadCluster(t)
	for _, v := range c.deployment.Spec.Template.Spec.Volumes {
		switch {
		case v.ConfigMap != nil:
			if v.ConfigMap.Name != c.config.Name || c.config.Data["exportd.yaml"] == "" {
				t.Errorf("volume %s: config map %s, want %s with exportd.yaml", v.Name, v.ConfigMap.Name, c.config.Name)
			}
		case v.PersistentVolumeClaim != nil:
			if v.PersistentVolumeClaim.ClaimName != c.store.Name {
				t.Errorf("volume %s: claim %s, want %s", v.Name, v.PersistentVolumeClaim.ClaimName, c.store.Name)
			}
		case v.Secret != nil:
			if !slices.ContainsFunc(c.secrets, func(s *corev1.Secret) bool { return s.Name == v.Secret.SecretName && s.Namespace == c.namespace.Name }) {
				t.Errorf("volume %s: secret %s is not in secrets.example.yaml", v.Name, v.Secret.SecretName)
			}
		default:
			t.Errorf("volume %s: of a kind that this test does not know", v.Name)
		}
	}
	if modes := c.store.Spec.AccessModes; !slices.Equal(modes, []corev1.PersistentVolumeAccessMode{corev1.ReadWriteMany}) {
		t.Errorf("the store is %v, want ReadWriteMany: replicas on all machines share it", modes)
	}
}

func TestDeployment_availability(t *testing.T) {
	t.Parallel()
	c := loadCluster(t)
	if n := *c.deployment.Spec.Replicas; n != 3 || c.budget.Spec.MinAvailable.IntValue() != int(n)-1 {
		t.Errorf("%d replicas, %s of them always there; want 3 and 2", n, c.budget.Spec.MinAvailable)
	}
	roll := c.deployment.Spec.Strategy.RollingUpdate
	if roll == nil || roll.MaxUnavailable.IntValue() != 0 || roll.MaxSurge.IntValue() < 1 {
		t.Errorf("a rollout takes %+v, want no replica away before another is ready", roll)
	}
}

func TestPods_memory_limit(t *testing.T) {
	t.Parallel()
	container := loadCluster(t).deployment.Spec.Template.Spec.Containers[0]
	i := slices.IndexFunc(container.Env, func(e corev1.EnvVar) bool { return e.Name == "GOMEMLIMIT" })
	if i < 0 {
		t.Fatal("GOMEMLIMIT is not set")
	}
	soft, err := resource.ParseQuantity(strings.TrimSuffix(container.Env[i].Value, "B"))
	hard := container.Resources.Limits.Memory()
	if err != nil || soft.Cmp(*hard) >= 0 {
		t.Errorf("GOMEMLIMIT %s (%v), want less than the limit of %s", container.Env[i].Value, err, hard)
	}
}
