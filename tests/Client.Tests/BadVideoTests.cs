using System.Buffers.Binary;

namespace HieraVid.Client.Tests;

public class BadVideoTests : ClientTest
{
    [Fact]
    public async Task A_missing_file() => (await AskAsync("missing.mp4")).RefusesNaming("missing.mp4", "does not exist");

    [Fact]
    public async Task A_directory()
    {
        Directory.CreateDirectory(At("holiday.mp4"));
        (await AskAsync("holiday.mp4")).RefusesNaming("holiday.mp4", "folder");
    }

    [Theory]
    [InlineData("empty.mp4", "", "empty")]
    [InlineData("text.mp4", "Dear diary,\ntoday I filmed a cat.\n", "not a video")]
    [InlineData("list.mp4", "#EXTM3U\n#EXTINF:1,\nother.mp4\n", "playlist")]
    [InlineData("list.m3u8", "#EXTM3U\n#EXT-X-VERSION:3\n#EXTINF:1,\nhttp://localhost/secret.ts\n", "playlist")]
    [InlineData("concat.mp4", "ffconcat version 1.0\nfile other.mp4\n", "playlist")]
    [InlineData("noise.mp4", "\u0001\u0002\u0003\u0004\u0005\u0006\u0007\u0008 not a header", "not a video")]
    public async Task A_file_that_is_no_video(string name, string content, string said)
    {
        await File.WriteAllTextAsync(At(name), content, Cancel);
        (await AskAsync(name)).RefusesNaming(name, said);
        NothingIsLeftBut(name);
    }

    [Fact]
    public async Task Sound_only()
    {
        Tool("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "sine=d=1", "-y", At("song.mp4"));
        (await AskAsync("song.mp4")).RefusesNaming("song.mp4", "no video stream");
    }

    [Fact]
    public async Task A_file_that_lost_its_index()
    {
        var bytes = await File.ReadAllBytesAsync(At(MakeVideo("whole.mp4")), Cancel);
        await File.WriteAllBytesAsync(At("cut.mp4"), bytes[..(bytes.Length / 2)], Cancel);
        (await AskAsync("cut.mp4")).RefusesNaming("cut.mp4");
    }

    [Fact]
    public async Task A_file_that_breaks_off_is_refused_unless_a_part_is_allowed()
    {
        MakeVideo("whole.mp4", 3, "320x240", "-movflags", "+faststart");
        var bytes = await File.ReadAllBytesAsync(At("whole.mp4"), Cancel);
        await File.WriteAllBytesAsync(At("cut.mp4"), bytes[..(bytes.Length / 2)], Cancel);
        (await AskAsync("cut.mp4", "--frames", "6")).RefusesNaming("cut.mp4");

        var partial = (await AskAsync("cut.mp4", "--frames", "6", "--allow-partial")).Succeeds();
        Assert.Matches("breaks off at .* of 6 frames are missing", partial.Errors);
    }

    [Fact]
    public async Task Frames_that_are_100000_pixels_wide()
    {
        Tool("ffmpeg", "-v", "error", "-nostdin", "-f", "lavfi", "-i", "testsrc2=s=100000x16:r=10:d=0.2", "-c:v", "ffv1", "-y", At("wide.mkv"));
        (await AskAsync("wide.mkv")).RefusesNaming("wide.mkv", "100000x16");
        (await RunAsync("doctor", "wide.mkv")).RefusesNaming("wide.mkv", "100000x16");
    }

    [Fact]
    public async Task A_header_that_lies_about_the_width()
    {
        var bytes = await File.ReadAllBytesAsync(At(MakeVideo("small.mp4")), Cancel);
        // Width and height stand 28 bytes after the name of the track's sample entry.
        var entry = bytes.AsSpan().IndexOf("avc1\0\0\0\0\0\0"u8);
        Assert.Equal(64, BinaryPrimitives.ReadUInt16BigEndian(bytes.AsSpan(entry + 28)));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(entry + 28), 65_535);
        await File.WriteAllBytesAsync(At("liar.mp4"), bytes, Cancel);
        // The H.264 stream says its own size, and that is the one that counts.
        var outcome = (await AskAsync("liar.mp4", "--json")).Succeeds();
        Assert.Contains("\"width\": 64,", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task More_frames_than_the_video_has()
    {
        MakeVideo("short.mp4");
        (await AskAsync("short.mp4", "--frames", "13")).RefusesNaming("--frames 13", "short.mp4", "12 frames");
    }

    [Fact]
    public async Task Frames_that_exceed_the_window()
    {
        MakeVideo("short.mp4");
        (await AskAsync("short.mp4", "--fps", "500")).RefusesNaming("600 frames", "32,768", "at most 167 frames");
    }

    [Fact]
    public async Task A_bad_video_is_refused_before_the_model_is_loaded()
    {
        var outcome = await AskAsync("missing.mp4");
        Assert.DoesNotContain("load", outcome.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_frame_is_answered_with_a_note()
    {
        MakeVideo("still.mp4", 0.1);
        var outcome = (await AskAsync("still.mp4")).Succeeds();
        Assert.Contains("only 1 frame;", outcome.Errors, StringComparison.Ordinal);
        NothingIsLeftBut("still.mp4");
    }

    [Theory]
    [InlineData("-i.mp4")]
    [InlineData("a b'c\"d.mp4")]
    [InlineData("%03d.mp4")]
    [InlineData("größe ☃.mp4")]
    public async Task A_name_with_strange_characters_is_just_a_name(string name)
    {
        MakeVideo(name, 0.2);
        (await RunAsync("ask", "--model", Model, "--max-tokens", "1", "--frames", "1", "--", name, "What?")).Succeeds();
        (await RunAsync("doctor", "--", name)).Succeeds();
    }
}
