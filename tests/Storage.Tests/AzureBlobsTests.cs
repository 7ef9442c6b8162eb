using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Storage.Tests;

/// <summary>Azure Blob Storage, as Azurite does it.</summary>
public sealed class AzureBlobsTests(Azurite azurite) : BlobsContract, IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("azure-blobs-").FullName;

    public ValueTask InitializeAsync() => new(azurite.ReadyAsync());

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    protected override IBlobs Make() => azurite.Container();

    [Fact]
    public async Task An_interrupted_upload_goes_on_from_the_blocks_that_were_sent()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var blobs = azurite.Container();
        var file = Video(48_000_000);
        using var interrupt = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => blobs.UploadAsync("videos/v", file, new Told(done =>
        {
            if (done >= 24_000_000)
                interrupt.Cancel();
        }), interrupt.Token));
        Assert.False(blobs.Exists("videos/v"));
        var client = azurite.ClientOf(blobs).GetBlockBlobClient("videos/v");
        var before = (await client.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancellation)).Value.UncommittedBlocks.Count();
        Assert.InRange(before, 3, 5);
        await blobs.UploadAsync("videos/v", file, null, cancellation);
        var local = Path.Combine(_folder, "copy");
        await blobs.DownloadAsync("videos/v", local, cancellation);
        Assert.Equal(await File.ReadAllBytesAsync(file, cancellation), await File.ReadAllBytesAsync(local, cancellation));
    }

    [Fact]
    public async Task A_video_is_uploaded_once_and_copied_to_a_silo_once_while_it_is_used()
    {
        var cancellation = TestContext.Current.CancellationToken;
        var blobs = azurite.Container();
        using var shelf = new VideoShelf(blobs, Path.Combine(_folder, "cache"), limitBytes: 3_000_000);
        var first = await shelf.AddAsync(Video(2_000_000), null, cancellation);
        Assert.Equal(first, await shelf.AddAsync(Video(2_000_000), null, cancellation));
        var second = await shelf.AddAsync(Video(2_000_001), null, cancellation);
        Assert.Equal(2, blobs.List("videos").Count);
        string path;
        using (var used = await shelf.FetchAsync(first, cancellation))
        {
            path = used.Path;
            using var again = await shelf.FetchAsync(first, cancellation);
            Assert.Equal(path, again.Path);
            // No room for both, but the first one is in use.
            using var other = await shelf.FetchAsync(second, cancellation);
            Assert.True(File.Exists(path));
            Assert.Equal(2_000_001, new FileInfo(other.Path).Length);
        }
        using (await shelf.FetchAsync(await shelf.AddAsync(Video(2_000_002), null, cancellation), cancellation))
            Assert.False(File.Exists(path));
        blobs.Put("videos/0000", target => File.WriteAllText(target, "not what the name says"));
        var damaged = await Assert.ThrowsAsync<FileNotFoundException>(() => shelf.FetchAsync("videos/0000", cancellation));
        Assert.Contains("is damaged: upload it again", damaged.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<FileNotFoundException>(() => shelf.FetchAsync("videos/1111", cancellation));
    }

    [Fact]
    public void Nothing_stays_on_the_local_disk()
    {
        var scratch = Path.Combine(_folder, "scratch");
        var blobs = azurite.Container(scratch);
        blobs.Put("job/a", path => File.WriteAllText(path, "a"));
        Assert.Equal("a", Text(blobs, "job/a"));
        Assert.Null(blobs.Get("job/b"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(scratch));
    }

    [Fact]
    public async Task A_store_that_goes_away_for_a_while_is_waited_for()
    {
        var blobs = azurite.Container();
        await azurite.PauseAsync();
        var put = Task.Run(() => blobs.Put("job/a", path => File.WriteAllText(path, "a")), TestContext.Current.CancellationToken);
        await azurite.ResumeAsync();
        await put;
        Assert.Equal("a", Text(blobs, "job/a"));
    }

    [Fact]
    public void A_container_that_is_missing_is_said_in_one_sentence_without_the_key()
    {
        _ = azurite.Container();
        var blobs = AzureBlobs.Connect(azurite.Connection, "missing", _folder);
        var refused = Assert.Throws<JobException>(() => new TokenStore(blobs, 1).Open("job", 1, resume: false));
        Assert.Contains("missing cannot be used (the service answered 404 ContainerNotFound): check the storage account's address", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Eby8", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_connection_that_is_none_is_not_repeated()
    {
        var refused = Assert.Throws<FormatException>(() => AzureBlobs.Connect("AccountKey secret", "tokens", _folder));
        Assert.DoesNotContain("secret", refused.ToString(), StringComparison.Ordinal);
    }

    private string Video(int bytes)
    {
        var path = Path.Combine(_folder, $"{bytes}.mp4");
        var content = new byte[bytes];
        new Random(bytes).NextBytes(content);
        File.WriteAllBytes(path, content);
        return path;
    }
}
