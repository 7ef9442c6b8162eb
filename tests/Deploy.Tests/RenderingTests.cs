using System.Text.Json.Nodes;
using HieraVid.Deploy.Tests;

[assembly: AssemblyFixture(typeof(Renderer))]

namespace HieraVid.Deploy.Tests;

/// <summary>What the chart becomes.</summary>
public sealed class RenderingTests(Renderer renderer)
{
    private const string Everything = """
        serviceMonitor: {enabled: true, labels: {release: prometheus}}
        keda: {enabled: true}
        networkPolicy: {clients: [{podSelector: {matchLabels: {app: proxy}}}], monitoring: [{namespaceSelector: {matchLabels: {name: monitoring}}}]}
        model: {folder: llava}
        image: {pullSecrets: [{name: registry}]}
        silos: {both: {role: "cpu,ingress", replicas: 1, cuda: false, resources: {requests: {cpu: 1}, limits: {cpu: 2}}, affinity: {podAntiAffinity: {}}, maxUnavailable: 1}}
        """;

    [Fact]
    public async Task By_itself_it_is_one_deployment_per_role_and_no_kinds_that_a_plain_cluster_lacks()
    {
        var kinds = (await renderer.RenderAsync("{}")).CountBy(Kind).ToDictionary();
        Assert.Equal(4, kinds["Deployment"]);
        Assert.Equal(4, kinds["PodDisruptionBudget"]);
        Assert.Equal(2, kinds["NetworkPolicy"]);
        Assert.Equal(["Deployment", "Job", "NetworkPolicy", "PodDisruptionBudget", "Service", "ServiceAccount"], kinds.Keys.Order());
    }

    [Fact]
    public async Task With_everything_there_are_a_monitor_and_a_scaler_of_a_deployment_that_is_there()
    {
        var all = await renderer.RenderAsync(Everything);
        var scaler = Assert.Single(all, document => Kind(document) == "ScaledObject");
        var scaled = Deployments(all).Single(document => Name(document) == scaler["spec"]!["scaleTargetRef"]!["name"]!.GetValue<string>());
        Assert.Null(scaled["spec"]!["replicas"]);
        Assert.Single(all, document => Kind(document) == "ServiceMonitor");
        Assert.Equal(all.Count, all.DistinctBy(document => (Kind(document), Name(document))).Count());
    }

    [Fact]
    public async Task Every_container_is_without_root_and_rights_and_writes_to_its_volumes_only()
    {
        foreach (var document in (await renderer.RenderAsync(Everything)).Where(document => Kind(document) is "Deployment" or "Job"))
        {
            var pod = document["spec"]!["template"]!["spec"]!;
            Assert.True(pod["securityContext"]!["runAsNonRoot"]!.GetValue<bool>());
            Assert.False(pod["automountServiceAccountToken"]!.GetValue<bool>());
            var container = Assert.Single(pod["containers"]!.AsArray())!;
            Assert.True(container["securityContext"]!["readOnlyRootFilesystem"]!.GetValue<bool>());
            Assert.False(container["securityContext"]!["allowPrivilegeEscalation"]!.GetValue<bool>());
            Assert.Equal("ALL", Assert.Single(container["securityContext"]!["capabilities"]!["drop"]!.AsArray())!.GetValue<string>());
            Assert.NotNull(container["resources"]!["limits"]);
            // Each mount has a volume.
            Assert.Equal(pod["volumes"]!.AsArray().Select(PartName).Order(), container["volumeMounts"]!.AsArray().Select(PartName).Order());
            foreach (var variable in container["env"]!.AsArray().Where(variable => PartName(variable) is "HieraVid__Database" or "HieraVid__BrokerPassword" or "HieraVid__Blobs"))
                Assert.NotNull(variable!["valueFrom"]!["secretKeyRef"]);
        }
    }

    [Fact]
    public async Task Silos_of_the_gpu_roles_have_devices_and_weights_and_the_others_have_neither()
    {
        foreach (var document in Deployments(await renderer.RenderAsync("{}")))
        {
            var pod = document["spec"]!["template"]!["spec"]!;
            var container = pod["containers"]![0]!;
            var onGpu = Name(document) is "test-gpu" or "test-prefill";
            Assert.Equal(onGpu ? 1 : null, container["resources"]!["limits"]!["nvidia.com/gpu"]?.GetValue<long>());
            Assert.Equal(onGpu, pod["nodeSelector"] is not null && pod["tolerations"] is not null);
            Assert.Equal(onGpu, container["env"]!.AsArray().Any(variable => PartName(variable) == "HieraVid__Model"));
            Assert.Equal(onGpu, container["volumeMounts"]!.AsArray().Any(mount => PartName(mount) == "models"));
            Assert.EndsWith(onGpu ? "-cuda" : "-cpu", container["image"]!.GetValue<string>(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Probes_ask_what_the_silo_answers_and_services_find_silos()
    {
        var all = await renderer.RenderAsync(Everything);
        var source = File.ReadAllText(Path.Combine(Repository.Root, "src", "Silo", "SiloHost.cs"));
        foreach (var deployment in Deployments(all))
        {
            var container = deployment["spec"]!["template"]!["spec"]!["containers"]![0]!;
            foreach (var probe in new[] { "startupProbe", "livenessProbe", "readinessProbe" })
                Assert.Contains($"\"{container[probe]!["httpGet"]!["path"]!.GetValue<string>()}\"", source, StringComparison.Ordinal);
            Assert.Equal(["5480", "11111", "30000"], new[] { "HieraVid__Port", "HieraVid__SiloPort", "HieraVid__GatewayPort" }.Select(
                name => container["env"]!.AsArray().Single(variable => PartName(variable) == name)!["value"]!.GetValue<string>()));
            Assert.Equal([5480, 11111, 30000], container["ports"]!.AsArray().Select(port => port!["containerPort"]!.GetValue<long>()));
        }
        foreach (var service in all.Where(document => Kind(document) == "Service"))
        {
            var selector = service["spec"]!["selector"]!.AsObject();
            Assert.Contains(Deployments(all), deployment => selector.All(label =>
                deployment["spec"]!["template"]!["metadata"]!["labels"]![label.Key]?.GetValue<string>() == label.Value!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task Without_a_key_pods_have_an_identity_and_the_account_s_address_and_nothing_else_needs_one()
    {
        const string Account = "https://films.blob.core.windows.net", Client = "00000000-1111-2222-3333-444444444444", Collector = "http://otel:4317";
        const string Use = "azure.workload.identity/use", Id = "azure.workload.identity/client-id";
        var all = await renderer.RenderAsync($"{{identity: {{blobs: \"{Account}\", clientId: {Client}}}, collector: \"{Collector}\"}}");
        var accounts = all.Where(document => Kind(document) == "ServiceAccount").ToDictionary(Name, document => document["metadata"]!["annotations"]!);
        foreach (var document in all.Where(document => Kind(document) is "Deployment" or "Job"))
        {
            var pod = document["spec"]!["template"]!;
            Assert.Equal("true", pod["metadata"]!["labels"]![Use]!.GetValue<string>());
            var account = accounts[pod["spec"]!["serviceAccountName"]!.GetValue<string>()];
            Assert.Equal(Client, account[Id]!.GetValue<string>());
            // What runs before the release is there needs an account that is there before it.
            Assert.Equal(document["metadata"]!["annotations"]?["helm.sh/hook"]?.GetValue<string>(), account["helm.sh/hook"]?.GetValue<string>());
            var told = pod["spec"]!["containers"]![0]!["env"]!.AsArray().ToDictionary(PartName, variable => variable!["value"]?.GetValue<string>());
            Assert.Equal((Account, Collector), (told["HieraVid__Blobs"], told["OTEL_EXPORTER_OTLP_ENDPOINT"]));
        }
        var plain = await renderer.RenderAsync("{}");
        Assert.All(plain, document => Assert.DoesNotContain("azure.workload", document.ToJsonString(), StringComparison.Ordinal));
        Assert.All(plain, document => Assert.DoesNotContain("OTEL_", document.ToJsonString(), StringComparison.Ordinal));
    }

    private static IEnumerable<JsonNode> Deployments(IEnumerable<JsonNode> all) => all.Where(document => Kind(document) == "Deployment");

    private static string Kind(JsonNode document) => document["kind"]!.GetValue<string>();

    private static string Name(JsonNode document) => document["metadata"]!["name"]!.GetValue<string>();

    private static string PartName(JsonNode? part) => part!["name"]!.GetValue<string>();
}
