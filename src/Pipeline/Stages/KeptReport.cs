using System.IO.Compression;
using HieraVid.Pipeline.Blobs;
using HieraVid.Pipeline.Tokens;

namespace HieraVid.Pipeline.Stages;

/// <summary>What the HTML report of a job is made of, except its pictures; it stays in the store beside the result.</summary>
/// <param name="Question">The question, in the user's words.</param>
/// <param name="Answer">The answer.</param>
/// <param name="Pruning">What pruning did for it.</param>
public sealed record KeptReport(string Question, AnswerReport Answer, PruningReport Pruning)
{
    /// <summary>Reads a report.</summary>
    /// <param name="packed">As the store has it.</param>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static KeptReport Read(Stream packed)
    {
        using var text = new MemoryStream();
        using (var whole = new GZipStream(packed, CompressionMode.Decompress, leaveOpen: true))
            whole.CopyTo(text);
        return ExactJson.Read<KeptReport>(text.GetBuffer().AsSpan(0, (int)text.Length));
    }

    /// <summary>Packed: numbers by the million, as text.</summary>
    internal void Write(string path)
    {
        using var packed = new GZipStream(File.Create(path), CompressionLevel.Fastest);
        packed.Write(ExactJson.Write(this));
    }
}

/// <summary>Where the reports of jobs are in the store.</summary>
/// <param name="blobs">The store.</param>
/// <param name="job">The job's id.</param>
internal sealed class ReportBlocks(IBlobs blobs, string job)
{
    private readonly string _folder = BlobName.Check($"reports/{job}");

    /// <summary>The report.</summary>
    internal string Name => $"{_folder}/report.json.gz";

    private string SheetName => $"{_folder}/sheet.json";

    /// <summary>Keeps the report, and what is needed to make its pictures when somebody asks for it.</summary>
    internal void Write(JobSheet sheet, AnswerReport answer)
    {
        var bytes = ExactJson.Write(sheet);
        blobs.Put(SheetName, path => File.WriteAllBytes(path, bytes));
        var report = new KeptReport(sheet.Request.Question, answer, answer.Pruning!());
        blobs.Put(Name, report.Write);
    }

    /// <summary>The job as it was; null where it has no report.</summary>
    internal JobSheet? TryReadSheet()
    {
        using var file = blobs.Get(SheetName);
        return file is null ? null : ExactJson.Read<JobSheet>(File.ReadAllBytes(file.Path));
    }

    /// <summary>Puts pictures into the store for whoever asked for them, and who removes them.</summary>
    /// <returns>Their name.</returns>
    internal string WritePictures(IReadOnlyList<byte[]> jpeg)
    {
        var (name, bytes) = ($"{_folder}/pictures-{Guid.NewGuid():N}", ExactJson.Write(new Pictures([.. jpeg])));
        blobs.Put(name, path => File.WriteAllBytes(path, bytes));
        return name;
    }

    /// <summary>Takes pictures out of the store.</summary>
    internal IReadOnlyList<byte[]> TakePictures(string name)
    {
        using var file = blobs.Get(name) ?? throw new FileNotFoundException($"There are no pictures {name} in the store.");
        var pictures = ExactJson.Read<Pictures>(File.ReadAllBytes(file.Path)).Jpeg;
        blobs.Delete(name);
        return pictures;
    }

    /// <summary>Removes all of it.</summary>
    internal void Clear() => blobs.DeleteFolder(_folder);

    private sealed record Pictures(IReadOnlyList<byte[]> Jpeg);
}
