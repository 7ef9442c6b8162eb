using System.CommandLine;
using HieraVid.Models;
using HieraVid.Models.Checkpoints;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid demo</c>: the whole road, from a shipped video to an answer.</summary>
internal static class DemoCommand
{
    private const string Question = "What is moving in this video?";
    private const int Seed = 1;

    internal static Command Create()
    {
        var compute = new ComputeOptions("bf16");
        var command = new Command("demo", """
            Answer a question about a shipped video, with a small checkpoint made on the spot.

            Example:
              hieravid demo
            """);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(compute.Read(parsed), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Compute compute, CancellationToken cancellation)
    {
        var video = Path.Combine(Home(), "samples", "bottle-detection.mp4");
        var model = Checkpoint(cancellation);
        Console.Error.WriteLine($"Video:    {video}");
        Console.Error.WriteLine($"Question: {Question}");
        Console.Error.WriteLine("The checkpoint is random, so the words below mean nothing; everything before them is the real thing.");
        var request = new JobRequest
        {
            VideoPath = video,
            Question = Question,
            // Greedy choice from random weights repeats one token; drawing shows the stream.
            Generation = new GenerationRequest(MaxTokens: 32, Temperature: 1, Seed: Seed),
        };
        var code = await AskCommand.RunAsync(request, new StoreUse(TokenStore.Default), model, null, null, compute, json: false, page: null, cancellation).ConfigureAwait(false);
        Console.Error.WriteLine("Next: ./hieravid ask VIDEO \"QUESTION\" --model FOLDER, with a LLaVA-OneVision checkpoint's folder.");
        return code;
    }

    // Made once, kept in the user's cache.
    private static string Checkpoint(CancellationToken cancellation)
    {
        var preset = CheckpointPreset.Tiny;
        var folder = Path.Combine(Cache(), "hieravid", "models", $"{preset.Name}-seed{Seed}");
        if (!File.Exists(Path.Combine(folder, "config.json")))
        {
            Console.Error.WriteLine($"Making a random {preset.Name} checkpoint in {folder}");
            RandomCheckpoint.Create(folder, preset, Seed, cancellation: cancellation);
        }
        return folder;
    }

    private static string Cache() => Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } cache
        ? cache
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");

    // The wrapper script says where the repository is; a program started by hand finds it above itself.
    private static string Home()
    {
        if (Environment.GetEnvironmentVariable("HIERAVID_HOME") is { Length: > 0 } home)
            return home;
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (Directory.Exists(Path.Combine(folder, "samples")))
                return folder;
        }
        throw ModelException.NotFound("the samples folder", "run ./hieravid demo from a clone of the repository");
    }
}
