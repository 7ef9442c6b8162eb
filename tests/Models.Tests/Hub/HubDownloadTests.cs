using HieraVid.Models.Checkpoints;
using HieraVid.Models.Hub;
using HieraVid.Models.Llava;

namespace HieraVid.Models.Tests.Hub;

public sealed class HubDownloadTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, byte[]> _files;

    public HubDownloadTests()
    {
        RandomCheckpoint.Create(_folder.File("made"), CheckpointPreset.TinyVideo, seed: 1);
        var made = _folder.File("made");
        _files = Directory.EnumerateFiles(made, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(made, file).Replace('\\', '/'), File.ReadAllBytes);
        _files["pytorch_model.bin"] = [1, 2, 3];
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_model_arrives_in_the_layout_of_the_hubs_tools_and_loads()
    {
        await using var hub = new FakeHub(_files);
        var folder = await Pull(hub);
        Assert.Equal(Path.Combine(Cache, "models--org--tiny-model", "snapshots", FakeHub.Commit), folder);
        Assert.Equal(FakeHub.Commit, File.ReadAllText(Path.Combine(Cache, "models--org--tiny-model", "refs", "main")));
        foreach (var (path, content) in _files.Where(file => !file.Key.EndsWith(".bin", StringComparison.Ordinal)))
        {
            var link = new FileInfo(Path.Combine(folder, path));
            Assert.Contains(Path.Combine("..", "blobs"), link.LinkTarget, StringComparison.Ordinal);
            Assert.Equal(content, File.ReadAllBytes(link.FullName));
        }
        // Pickled weights are not fetched.
        Assert.False(File.Exists(Path.Combine(folder, "pytorch_model.bin")));
        Assert.Equal(folder, HubDownload.Find(Settings(hub), FakeHub.Repository));
        using var model = LlavaModel.Load(folder, Compute.Reference);
        Assert.Equal(169, model.TokensPerFrame);
    }

    [Fact]
    public async Task What_is_there_is_not_fetched_again()
    {
        await using var hub = new FakeHub(_files);
        await Pull(hub);
        var asked = hub.Requests.Count;
        await Pull(hub);
        Assert.All(hub.Requests.Skip(asked), request => Assert.StartsWith("/api/", request, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broken_connection_is_gone_on_with_where_it_broke(bool resumes)
    {
        await using var hub = new FakeHub(_files) { BreaksAfter = 1_000_000, Resumes = resumes };
        if (resumes)
        {
            await Pull(hub);
            Assert.Contains(hub.Requests, request => request.StartsWith("/model.safetensors bytes=", StringComparison.Ordinal));
            return;
        }
        // It never gets further than the break; once the server is sound it does.
        var error = await Assert.ThrowsAsync<ModelException>(() => Pull(hub));
        Assert.False(error.IsUsersMistake);
        Assert.Contains("run it again to go on", error.Message, StringComparison.Ordinal);
        (hub.BreaksAfter, hub.Resumes) = (null, true);
        await Pull(hub);
        Assert.Contains(hub.Requests, request => request.StartsWith("/model.safetensors bytes=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_damaged_content_is_refused_and_leaves_nothing_to_load()
    {
        await using var hub = new FakeHub(_files) { Spoils = true };
        var error = await Assert.ThrowsAsync<ModelException>(() => Pull(hub));
        Assert.Contains("model.safetensors arrived damaged", error.Message, StringComparison.Ordinal);
        Assert.Null(HubDownload.Find(Settings(hub), FakeHub.Repository));
        hub.Spoils = false;
        await Pull(hub);
    }

    [Fact]
    public async Task The_token_is_shown_to_the_hub_and_to_nobody_else()
    {
        await using var hub = new FakeHub(_files) { Token = "hf_secret" };
        var error = await Assert.ThrowsAsync<ModelException>(() => Pull(hub));
        Assert.True(error.IsUsersMistake);
        Assert.Contains("set HF_TOKEN", error.Message, StringComparison.Ordinal);
        await Pull(hub, "hf_secret");
        Assert.False(hub.LeakedToken);
    }

    [Theory]
    [InlineData("../outside.json")]
    [InlineData("/etc/outside.json")]
    [InlineData("a//b.json")]
    public async Task A_path_that_leaves_the_folder_is_refused(string path)
    {
        await using var hub = new FakeHub(_files) { AlsoLists = path };
        var error = await Assert.ThrowsAsync<ModelException>(() => Pull(hub));
        Assert.Contains("a file that cannot be one", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("org/unknown", "main", "org/unknown at main")]
    [InlineData("org", "main", "name a repository of the hub")]
    [InlineData("../x", "main", "name a repository of the hub")]
    [InlineData("org/tiny-model", "../main", "use a branch, a tag or a commit")]
    public async Task A_name_that_is_none_is_refused(string repository, string revision, string fault)
    {
        await using var hub = new FakeHub(_files);
        var error = await Assert.ThrowsAsync<ModelException>(() => new HubDownload(Settings(hub)).RunAsync(repository, revision));
        Assert.Contains(fault, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hub_that_is_not_there_is_a_fault_of_the_network()
    {
        var hub = new FakeHub(_files);
        await hub.DisposeAsync();
        var error = await Assert.ThrowsAsync<ModelException>(() => Pull(hub));
        Assert.False(error.IsUsersMistake);
        Assert.Contains("localhost cannot be reached", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_environment_is_read_as_by_the_hubs_tools()
    {
        HubSettings Read(params (string Name, string Value)[] set) =>
            HubSettings.Read(name => set.FirstOrDefault(variable => variable.Name == name).Value);
        Assert.Equal("https://huggingface.co/", Read().Endpoint.ToString());
        Assert.EndsWith(Path.Combine(".cache", "huggingface", "hub"), Read().CacheFolder, StringComparison.Ordinal);
        Assert.Equal(Path.Combine("/data/hf", "hub"), Read(("HF_HOME", "/data/hf")).CacheFolder);
        Assert.Equal("/data/hub", Read(("HF_HOME", "/data/hf"), ("HF_HUB_CACHE", "/data/hub")).CacheFolder);
        File.WriteAllText(_folder.File("token"), "hf_saved\n");
        Assert.Equal("hf_saved", Read(("HF_HOME", _folder.Path)).Token);
        Assert.Equal("hf_mine", Read(("HF_HOME", _folder.Path), ("HF_TOKEN", "hf_mine")).Token);
        Assert.Throws<ModelException>(() => Read(("HF_ENDPOINT", "ftp://somewhere")));
    }

    private string Cache => _folder.File("cache");

    private HubSettings Settings(FakeHub hub, string? token = null) => new(hub.Address, Cache, token);

    private Task<string> Pull(FakeHub hub, string? token = null) =>
        new HubDownload(Settings(hub, token)).RunAsync(FakeHub.Repository, "main", cancellation: TestContext.Current.CancellationToken);
}
