using System.Buffers.Binary;
using System.Text;

namespace HieraVid.Video.Tests;

public sealed class BadInputTests : TestVideos
{
    [Fact]
    public async Task A_missing_file_is_named()
    {
        var e = await ProbeFails(At("no.mp4"), VideoFault.NotFound);
        Assert.Contains("no.mp4' does not exist", e.Message, StringComparison.Ordinal);
        Assert.True(e.IsUsersMistake);
    }

    [Fact]
    public Task A_folder_is_refused() => ProbeFails(Folder, VideoFault.IsFolder);

    [Fact]
    public Task An_empty_file_is_refused() => ProbeFails(Write("a.mp4", []), VideoFault.Empty);

    [Fact]
    public Task A_device_is_refused_without_opening_it()
    {
        Assert.SkipUnless(File.Exists("/dev/zero"), "no /dev/zero here");
        return ProbeFails("/dev/zero", VideoFault.Empty);
    }

    [Fact]
    public async Task A_file_that_cannot_be_opened_is_unreadable()
    {
        string path = Write("a.mp4", "text"u8.ToArray());
        // A lock and not permissions: tests may run as root, whom permissions don't stop.
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        await ProbeFails(path, VideoFault.Unreadable);
    }

    [Theory]
    [InlineData("Dear diary, today", "text")]
    [InlineData("\u0089PNG\r\n\u001a\n", "PNG")]
    [InlineData("ID3\u0003\u0000", "sound")]
    [InlineData("MZ\u0000\u0001\u0002", "unknown")]
    public async Task Something_else_named_mp4_is_told_apart(string content, string looksLike)
    {
        var e = await ProbeFails(Write("a.mp4", Encoding.Latin1.GetBytes(content)), VideoFault.NotVideo);
        Assert.Contains(looksLike, e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{0}\n#EXT-X-ENDLIST\n")]
    [InlineData("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:1/secret.ts\n")]
    [InlineData("ffconcat version 1.0\nfile {0}\n")]
    [InlineData("\ufeff\n#EXTM3U\n{0}\n")]
    [InlineData("file '{0}'\n")]
    [InlineData("<?xml version=\"1.0\"?>\n<MPD><BaseURL>{0}</BaseURL></MPD>")]
    public async Task A_playlist_reaches_no_other_file(string list)
    {
        string secret = Make("secret.ts");
        string text = list.Replace("{0}", secret, StringComparison.Ordinal);
        await ProbeFails(Write("a.mp4", Encoding.UTF8.GetBytes(text)), VideoFault.Playlist);
    }

    [Fact]
    public async Task A_playlist_behind_a_video_signature_reaches_no_other_file()
    {
        string secret = Make("secret.ts");
        byte[] head = [0, 0, 0, 16, .. "ftypisom"u8, 0, 0, 2, 0];
        var e = await Assert.ThrowsAsync<VideoException>(() =>
            Probe(Write("a.mp4", [.. head, .. Encoding.UTF8.GetBytes($"\n#EXTM3U\n#EXTINF:1,\n{secret}\n")])));
        Assert.True(e.Kind is VideoFault.Broken or VideoFault.Truncated);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/a.mp4")]
    [InlineData("concat:a.mp4|b.mp4")]
    [InlineData("-i")]
    public Task A_name_is_only_ever_a_file(string name) => ProbeFails(name, VideoFault.NotFound);

    [Fact]
    public async Task An_mp4_without_its_index_says_it_was_cut_off()
    {
        var e = await ProbeFails(Cut(Make("a.mp4"), 0.6), VideoFault.Truncated);
        Assert.Contains("moov", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_with_sound_only_is_refused()
    {
        Run("ffmpeg", "-f", "lavfi", "-i", "sine=d=1", At("sound.mp4"));
        await ProbeFails(At("sound.mp4"), VideoFault.NoVideoStream);
    }

    [Fact]
    public async Task A_cover_picture_is_no_video()
    {
        Run("ffmpeg", "-f", "lavfi", "-i", "sine=d=1", "-f", "lavfi", "-i", "color=red:s=32x32:d=1", "-map", "0", "-map", "1",
            "-frames:v", "1", "-c:v", "png", "-disposition:v", "attached_pic", At("sound.mp4"));
        await ProbeFails(At("sound.mp4"), VideoFault.NoVideoStream);
    }

    [Theory]
    [InlineData(100_000, 10, VideoFault.OverLimit, "100000x10 pixels")]
    [InlineData(8_000, 8_000, VideoFault.OverLimit, "8000x8000 pixels")]
    [InlineData(100_000, 100_000, VideoFault.Broken, "wide.avi")] // FFmpeg itself gives up here
    public async Task A_header_that_claims_enormous_frames_is_refused(int width, int height, VideoFault fault, string word)
    {
        string path = Make("a.avi", arguments: ["-c:v", "rawvideo", "-pix_fmt", "bgr24"]);
        byte[] bytes = await File.ReadAllBytesAsync(path, Cancel);
        int format = bytes.AsSpan().IndexOf("strf"u8) + 8;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(format + 4), width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(format + 8), height);
        var e = await ProbeFails(Write("wide.avi", bytes), fault);
        Assert.Contains(word, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ceilings_are_checked_before_anything_is_decoded()
    {
        string path = Make("a.mp4");
        await ProbeFails(path, VideoFault.OverLimit, new() { PixelsPerFrame = 64 * 47 });
        await ProbeFails(path, VideoFault.OverLimit, new() { Frames = 19 });
        await ProbeFails(path, VideoFault.OverLimit, new() { Streams = 0 });
        await ProbeFails(path, VideoFault.OverLimit, new() { Duration = TimeSpan.FromSeconds(1.9) });
        Assert.Equal(20, (await Probe(path, new()
        {
            PixelsPerFrame = 64 * 48,
            Frames = 20,
            Streams = 1,
            Duration = TimeSpan.FromSeconds(2),
        })).FrameCount);
    }

    [Theory]
    [InlineData("-i.mp4")]
    [InlineData("two words.mp4")]
    [InlineData("line\nbreak.mp4")]
    [InlineData("%03d 100%.mp4")]
    [InlineData("видео 動画 🎬.mp4")]
    [InlineData("it's \"a\" $HOME `x`;.mp4")]
    [InlineData("file:a|b.mp4")]
    public async Task Any_file_name_works(string name)
    {
        File.Move(Make("plain.mp4", seconds: 0.3), At(name));
        var video = await Probe(At(name));
        Assert.Equal(3, video.FrameCount);
        Assert.Equal(64 * 48 * 3, (await Decode(video, SamplingPlan.Uniform(video, 1))).Length);
    }

    private string Write(string name, byte[] content)
    {
        File.WriteAllBytes(At(name), content);
        return At(name);
    }

    private string Cut(string path, double share)
    {
        byte[] all = File.ReadAllBytes(path);
        return Write("cut" + Path.GetExtension(path), all[..(int)(all.Length * share)]);
    }
}
