namespace HieraVid.Models;

/// <summary>
/// A checkpoint, its configuration or its tokenizer cannot be used. The message is one sentence that names the input,
/// says what is wrong and what to do; it can be shown to a user as it is.
/// </summary>
public sealed class ModelException : Exception
{
    private ModelException(string message, Exception? cause = null) : base(message, cause)
    {
    }

    /// <summary>Whether the user can mend it by asking for something else; false for a fault of the machine or the network.</summary>
    public bool IsUsersMistake { get; private init; } = true;

    /// <summary>A file or folder that must exist does not.</summary>
    /// <param name="path">What was looked for.</param>
    /// <param name="remedy">What the user can do, as a clause: "download the checkpoint again".</param>
    public static ModelException NotFound(string path, string remedy) => new($"{path} was not found: {remedy}.");

    /// <summary>A file's content breaks the rules of its format.</summary>
    /// <param name="path">The file.</param>
    /// <param name="fault">What is wrong, as a clause: "its header ends beyond the file".</param>
    /// <param name="cause">The exception that revealed it, if any.</param>
    public static ModelException Damaged(string path, string fault, Exception? cause = null) =>
        new($"{path} is damaged: {fault}; download or convert it again.", cause);

    /// <summary>A file or folder exists but cannot be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="cause">The error of the system, whose message is passed on.</param>
    public static ModelException Unreadable(string path, Exception cause) =>
        new($"{path} cannot be read ({Clause(cause)}): check the path and its permissions.", cause);

    /// <summary>A file could not be written; nothing of it was left behind.</summary>
    /// <param name="path">The file that was to be written.</param>
    /// <param name="byteCount">Its size in bytes.</param>
    /// <param name="cause">The error of the system, whose message is passed on.</param>
    public static ModelException Unwritable(string path, long byteCount, Exception cause) =>
        new($"{path} ({byteCount} bytes) could not be written and was removed ({Clause(cause)}): " +
            "check the free space and the permissions of its folder.", cause);

    /// <summary>A folder that is to be written has something in it already.</summary>
    public static ModelException Occupied(string path) => new($"{path} is not empty: choose a new or empty folder.");

    /// <summary>A value in a configuration file is missing, of the wrong kind or out of range.</summary>
    /// <param name="file">The file.</param>
    /// <param name="key">The key, with its parents: "vision_config.patch_size".</param>
    /// <param name="expected">What would be accepted, as a noun: "an integer from 1 to 64".</param>
    /// <param name="found">What the file holds.</param>
    public static ModelException BadValue(string file, string key, string expected, string found) =>
        new($"{file}: {key} must be {expected} but is {found}; correct the file or download it again.");

    /// <summary>The input is well formed, but asks for something that this software does not do.</summary>
    /// <param name="file">The file or folder.</param>
    /// <param name="feature">What it asks for: "architecture LlamaForCausalLM".</param>
    /// <param name="supported">What is supported, as a clause: "use one of ...".</param>
    public static ModelException Unsupported(string file, string feature, string supported) =>
        new($"{file}: {feature} is not supported; {supported}.");

    /// <summary>An option of the command line names something that cannot be had.</summary>
    /// <param name="option">The option: "--device".</param>
    /// <param name="value">What was given.</param>
    /// <param name="remedy">What would be accepted, as a clause.</param>
    public static ModelException Option(string option, string value, string remedy) =>
        new($"{option} {value} cannot be had: {remedy}.");

    /// <summary>A needed tensor is not in the checkpoint.</summary>
    /// <param name="path">The checkpoint's file or folder.</param>
    /// <param name="name">The tensor.</param>
    public static ModelException MissingTensor(string path, string name) =>
        new($"{path} has no tensor {name}: the checkpoint is incomplete or of another architecture than its " +
            "config.json says; download it again.");

    /// <summary>A tensor has another shape than the configuration demands.</summary>
    /// <param name="path">The checkpoint's file or folder.</param>
    /// <param name="name">The tensor.</param>
    /// <param name="expected">The shape by the configuration.</param>
    /// <param name="found">The shape in the file.</param>
    public static ModelException WrongShape(
        string path, string name, IReadOnlyList<long> expected, IReadOnlyList<long> found) =>
        new($"{path}: tensor {name} has the shape [{string.Join(", ", found)}] but the configuration demands " +
            $"[{string.Join(", ", expected)}]; use the config.json that belongs to these weights.");

    /// <summary>The hub, or the way to it, stands in the way.</summary>
    /// <param name="repository">ORG/NAME.</param>
    /// <param name="fault">What happened, as a clause, perhaps with what to do.</param>
    /// <param name="cause">The exception that revealed it, if any.</param>
    public static ModelException Hub(string repository, string fault, Exception? cause = null) =>
        new($"{repository} could not be downloaded: {fault}.", cause) { IsUsersMistake = false };

    /// <summary>Something about this machine, not about the input, stands in the way.</summary>
    /// <param name="fault">What is wrong, as a sentence without its full stop.</param>
    /// <param name="remedy">What the user can do, as a clause.</param>
    public static ModelException Environment(string fault, string remedy) => new($"{fault}: {remedy}.");

    // The system's own words for a full disk name a temporary file and its size; the user only needs the fact.
    private static string Clause(Exception cause) =>
        cause.Message.Contains("disk was full", StringComparison.Ordinal) || cause.Message.Contains("No space left", StringComparison.Ordinal)
            ? "the disk is full"
            : cause.Message.TrimEnd('.', ' ', '\n');
}
