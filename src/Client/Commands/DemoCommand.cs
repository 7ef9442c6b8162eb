using System.CommandLine;
using HieraVid.Client.Output;
using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Questions;
using HieraVid.Models;
using HieraVid.Models.Devices;
using HieraVid.Pipeline.Jobs;
using HieraVid.Pipeline.Running;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Client.Commands;

/// <summary><c>hieravid demo</c>: the whole road, from a shipped video to right answers of the shipped model.</summary>
internal static class DemoCommand
{
    // One per second, as the model was trained.
    private const int Frames = 16;

    internal static Command Create()
    {
        var compute = new ComputeOptions(AutomaticType.Name);
        var command = new Command("demo", """
            Ask the shipped model three questions about a shipped video that it was not trained on.

            Example:
              hieravid demo
            """);
        compute.AddTo(command);
        command.SetAction((parsed, cancellation) => RunAsync(compute.Read(parsed), cancellation));
        return command;
    }

    private static async Task<int> RunAsync(Compute compute, CancellationToken cancellation)
    {
        var model = Path.Combine(ShippedFiles.Root, "models", "world-tiny");
        var pages = Directory.CreateDirectory(Path.Combine(UserCache.Folder, "demo")).FullName;
        var questions = QuestionFormat.Load(Path.Combine(ShippedFiles.Root, "samples", "world.jsonl"), QuestionFormat.All[0].Name, videos: null);
        Console.Error.WriteLine($"Video: {questions[0].Video}");
        Console.Error.WriteLine($"Model: {model}, which knows such videos only (tools/train)");
        var right = 0;
        foreach (var (question, number) in questions.Select((question, i) => (question, i + 1)))
        {
            Console.Error.WriteLine();
            Console.Error.WriteLine($"Question {number}: {question.Prompt}");
            var request = new JobRequest
            {
                VideoPath = question.Video,
                Question = question.Prompt,
                Sampling = new SamplingRequest(Frames),
                Generation = new GenerationRequest(MaxTokens: 16),
            };
            var report = await AskCommand.AnswerAsync(request, new StoreUse(TokenStore.Default), model, null, null, compute, json: false,
                Path.Combine(pages, $"question-{number}.html"), cancellation).ConfigureAwait(false);
            var verdict = AnswerJudge.Judge(question.Key, report.Answer, question.Id);
            right += verdict.IsRight ? 1 : 0;
            Console.Error.WriteLine(verdict.IsRight ? "That is right." : $"That is wrong; right would be: {question.Key.Expected}");
        }
        Console.Error.WriteLine();
        Console.Error.WriteLine($"{right} of {Count.Of(questions.Count, "answer")} right. The reports show the frames and which of their tokens stayed.");
        Console.Error.WriteLine("Next: ./hieravid ask VIDEO \"QUESTION\" --model FOLDER, with a real checkpoint's folder, such as LLaVA-OneVision's.");
        return right == questions.Count ? CommandLine.Success : CommandLine.OurFault;
    }
}
