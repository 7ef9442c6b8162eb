using System.CommandLine;
using System.Globalization;
using HieraVid.Client.Output;
using HieraVid.Models.Hub;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid model pull</c>: download a checkpoint from the Hugging Face hub.</summary>
internal static class PullCommand
{
    internal static Command Create()
    {
        var repository = new Argument<string>("ORG/NAME") { Description = "The repository on the hub." };
        var revision = new Option<string>("--revision") { HelpName = "REV", Description = "Branch, tag or commit.", DefaultValueFactory = _ => "main" };
        var command = new Command("pull", """
            Download a checkpoint from the Hugging Face hub into its cache, and print the folder.

            A download that broke off goes on where it stopped, and every file is checked against the hub's digest. The cache
            is the one of the hub's own tools; HF_HOME, HF_HUB_CACHE, HF_TOKEN and HF_ENDPOINT are honoured.

            Example:
              hieravid ask talk.mp4 "What is this about?" --model "$(hieravid model pull lmms-lab/LLaVA-Video-7B-Qwen2)"
            """) { repository, revision };
        command.SetAction(async (parsed, cancellation) =>
        {
            var display = new Progress();
            try
            {
                var settings = HubSettings.Read(Environment.GetEnvironmentVariable);
                var folder = await new HubDownload(settings)
                    .RunAsync(parsed.GetRequiredValue(repository), parsed.GetRequiredValue(revision), display.Show, cancellation)
                    .ConfigureAwait(false);
                StandardOutput.WriteLine(folder);
            }
            finally
            {
                display.End();
            }
            return CommandLine.Success;
        });
        return command;
    }

    // One line on standard error that is written over; without a terminal, one line per file.
    private sealed class Progress
    {
        private readonly bool _isTerminal = !Console.IsErrorRedirected;
        private string _path = "";
        private long _shown;

        internal void Show(HubProgress progress)
        {
            if (_isTerminal)
            {
                if (Environment.TickCount64 - _shown < 200 && progress.Bytes < progress.TotalBytes)
                    return;
                _shown = Environment.TickCount64;
                Console.Error.Write(string.Create(CultureInfo.InvariantCulture,
                    $"\r{progress.Bytes / 1e6,10:N1} of {progress.TotalBytes / 1e6:N1} MB  {progress.Path,-48}"));
            }
            else if (progress.Path != _path)
            {
                Console.Error.WriteLine(progress.Path);
            }
            _path = progress.Path;
        }

        internal void End()
        {
            if (_isTerminal && _path.Length > 0)
                Console.Error.WriteLine();
        }
    }
}
