using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;
using HieraVid.Torch;
using static TorchSharp.torch;

namespace HieraVid.Storage.Tests;

/// <summary>What every store promises.</summary>
public abstract class BlobsContract
{
    protected abstract IBlobs Make();

    [Fact]
    public void What_was_put_is_there_until_it_is_deleted()
    {
        var blobs = Make();
        blobs.Put("job/a.txt", path => File.WriteAllText(path, "one"));
        blobs.Put("job/a.txt", path => File.WriteAllText(path, "another"));
        blobs.Put("job-2/b.txt", path => File.WriteAllText(path, "b"));
        Assert.True(blobs.Exists("job/a.txt"));
        Assert.Equal("another", Text(blobs, "job/a.txt"));
        Assert.Equal([("job/a.txt", 7L)], blobs.List("job").Select(entry => (entry.Name, entry.Bytes)));
        Assert.Equal(2, blobs.List("").Count);
        blobs.Delete("job/a.txt");
        blobs.Delete("job/a.txt");
        Assert.False(blobs.Exists("job/a.txt"));
        Assert.Null(blobs.Get("job/a.txt"));
        Assert.Empty(blobs.List("job"));
        blobs.DeleteFolder("job-2");
        blobs.DeleteFolder("job-2");
        Assert.Empty(blobs.List(""));
    }

    [Fact]
    public void A_file_that_could_not_be_written_is_not_there()
    {
        var blobs = Make();
        Assert.Throws<InvalidOperationException>(() => blobs.Put("job/a", path =>
        {
            File.WriteAllText(path, "half");
            throw new InvalidOperationException();
        }));
        Assert.Empty(blobs.List(""));
    }

    [Theory]
    [InlineData("")]
    [InlineData("../up")]
    [InlineData("job/../../up")]
    [InlineData("/etc/passwd")]
    [InlineData("job//a")]
    [InlineData("job/.hidden")]
    [InlineData("job\\..\\up")]
    [InlineData("job/a?sig=b")]
    [InlineData("job/a\0b")]
    [InlineData("job/ä")]
    public void No_name_leaves_the_store(string name)
    {
        var blobs = Make();
        Assert.Throws<ArgumentException>(() => blobs.Put(name, path => File.WriteAllText(path, "")));
        Assert.Throws<ArgumentException>(() => blobs.Get(name));
        Assert.Throws<ArgumentException>(() => blobs.Exists(name));
        Assert.Throws<ArgumentException>(() => blobs.Delete(name));
        Assert.Throws<ArgumentException>(() => blobs.DeleteFolder(name));
        Assert.Throws<ArgumentException>(() => blobs.TryClaim(name));
    }

    [Fact]
    public void A_folder_is_claimed_by_one_at_a_time()
    {
        var blobs = Make();
        var first = blobs.TryClaim("job");
        Assert.NotNull(first);
        Assert.Null(blobs.TryClaim("job"));
        using (var other = blobs.TryClaim("job-1"))
            Assert.NotNull(other);
        first.Dispose();
        using var again = blobs.TryClaim("job");
        Assert.NotNull(again);
        blobs.DeleteFolder("job");
        Assert.Empty(blobs.List("job"));
    }

    [Fact]
    public async Task Large_files_go_up_and_down_whole()
    {
        var blobs = Make();
        var file = Path.GetTempFileName();
        var bytes = new byte[20_000_003];
        new Random(1).NextBytes(bytes);
        await File.WriteAllBytesAsync(file, bytes, TestContext.Current.CancellationToken);
        long sent = 0;
        await blobs.UploadAsync("videos/a", file, new Told(done => sent = Math.Max(sent, done)), TestContext.Current.CancellationToken);
        Assert.Equal(bytes.Length, sent);
        await blobs.DownloadAsync("videos/a", file, TestContext.Current.CancellationToken);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<FileNotFoundException>(() => blobs.DownloadAsync("videos/b", file, TestContext.Current.CancellationToken));
        File.Delete(file);
    }

    [Fact]
    public void Blocks_of_tensors_come_back_and_damaged_and_foreign_ones_do_not()
    {
        var blobs = Make();
        var store = new TokenStore(blobs, TokenStore.DefaultLimitBytes);
        using var scope = NewDisposeScope();
        var tokens = TensorData.From<float>([1, 2, 3, 4, 5, 6], 1, 2, 3);
        using var job = store.Open("job", 100, resume: false);
        job.Write(0, new Dictionary<string, Tensor> { ["tokens"] = tokens });
        var read = job.Read(0, CPU)!["tokens"];
        Assert.Equal([1L, 2, 3], read.shape);
        Assert.Equal(tokens.ToArray<float>(), read.ToArray<float>());
        Assert.Null(job.Read(1, CPU));
        byte[] bytes;
        using (var file = blobs.Get("job/chunk-00000.safetensors")!)
            bytes = File.ReadAllBytes(file.Path);
        blobs.Put("job/chunk-00001.safetensors", path => File.WriteAllBytes(path, bytes));
        Assert.Null(job.Read(1, CPU));
        bytes[^2] ^= 1;
        blobs.Put("job/chunk-00000.safetensors", path => File.WriteAllBytes(path, bytes));
        Assert.Null(job.Read(0, CPU));
        job.Remove();
        Assert.Empty(blobs.List(""));
    }

    [Fact]
    public void A_job_that_does_not_fit_is_refused_with_the_numbers_and_leaves_nothing()
    {
        var blobs = Make();
        blobs.Put("other/a", path => File.WriteAllBytes(path, new byte[600_000]));
        var refused = Assert.Throws<JobException>(() => new TokenStore(blobs, 1_000_000).Open("job", 500_000, resume: false));
        Assert.True(refused.IsUsersMistake);
        Assert.Contains($"The token store {blobs.Name} may hold 0.001 GB, other jobs hold 0.001 GB of it", refused.Message, StringComparison.Ordinal);
        Assert.Empty(blobs.List("job"));
    }

    [Fact]
    public void Two_runs_of_one_job_do_not_disturb_each_other()
    {
        var store = new TokenStore(Make(), TokenStore.DefaultLimitBytes);
        using var first = store.Open("job", 1, resume: false);
        using var second = store.Open("job", 1, resume: false);
        using (var tokens = TensorData.From<float>([1, 2], 2))
            first.Write(0, new Dictionary<string, Tensor> { ["tokens"] = tokens });
        Assert.False(second.Has(0));
        var refused = Assert.Throws<JobException>(() => store.Open("job", 1, resume: true));
        Assert.Contains("Another run of this job is at work", refused.Message, StringComparison.Ordinal);
    }

    protected static string Text(IBlobs blobs, string name)
    {
        using var file = blobs.Get(name)!;
        return File.ReadAllText(file.Path);
    }

    // Progress<T> would tell on another thread, later.
    protected sealed class Told(Action<long> tell) : IProgress<long>
    {
        public void Report(long value)
        {
            lock (this)
                tell(value);
        }
    }
}

/// <summary>The local folder.</summary>
public sealed class FolderBlobsTests : BlobsContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("blobs-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override IBlobs Make() => new FolderBlobs(Path.Combine(_folder, "store"));
}
