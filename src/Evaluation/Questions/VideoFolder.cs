using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Questions;

/// <summary>Finds videos that annotations name with or without an extension.</summary>
internal static class VideoFolder
{
    private static readonly string[] Extensions = ["", ".mp4", ".MP4", ".mkv", ".webm", ".avi", ".mov"];

    /// <summary>The video's path.</summary>
    /// <exception cref="JobException">It is not in the folder.</exception>
    internal static string Find(string folder, string name) =>
        Extensions.Select(extension => Path.Combine(folder, name + extension)).FirstOrDefault(File.Exists)
        ?? throw JobException.Bad($"The video {name} is not in {folder}: give its folder with --videos.");
}
