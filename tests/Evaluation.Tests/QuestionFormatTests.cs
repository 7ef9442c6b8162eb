using HieraVid.Evaluation.Answers;
using HieraVid.Evaluation.Questions;
using HieraVid.Pipeline.Jobs;

namespace HieraVid.Evaluation.Tests;

public sealed class QuestionFormatTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("hieravid-eval-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Put(string name, string text)
    {
        File.WriteAllText(Path.Combine(_folder, name), text);
        return Path.Combine(_folder, name);
    }

    private EvaluationQuestion Only(string format, string name, string text, string video)
    {
        Put(video, "");
        var question = Assert.Single(QuestionFormat.Load(Put(name, text), format, null));
        Assert.Equal(Path.Combine(_folder, video), question.Video);
        return question;
    }

    [Fact]
    public void Our_lines_ask_for_the_words_themselves()
    {
        var question = Only("lines", "q.jsonl", """{"video":"a.mp4","question":"What is it?","answer":"red","kind":"colour"}""" + "\n\n", "a.mp4");
        Assert.Equal(("1", "What is it?", "colour"), (question.Id, question.Prompt, question.Kind));
        Assert.Equal((AnswerRule.Words, "red"), (question.Key.Rule, question.Key.Expected));
    }

    [Fact]
    public void Our_lines_with_choices_ask_for_a_letter()
    {
        var question = Only("lines", "q.jsonl", """{"id":"x","video":"a","question":"What?","answer":"a cat","choices":["a dog","a cat"]}""", "a.mp4");
        Assert.Equal("What?\nA. a dog\nB. a cat\nAnswer with the option's letter from the given choices directly.", question.Prompt);
        Assert.Equal("B", question.Key.Expected);
    }

    [Fact]
    public void Video_mme()
    {
        var question = Only("videomme", "test.json", """
            [{"video_id": "001", "duration": "short", "domain": "Knowledge", "videoID": "fFjv93ACGo8", "question_id": "001-1",
              "task_type": "Counting Problem", "question": "When?", "options": ["A. 4 p.m.", "B. 5 p.m.", "C. 6 p.m.", "D. 7 p.m."], "answer": "C"}]
            """, "fFjv93ACGo8.mp4");
        Assert.Equal(("001-1", "Counting Problem", "C"), (question.Id, question.Kind, question.Key.Expected));
        Assert.Equal(
            "Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter (A, B, C, or D) of the correct option.\n"
            + "When?\nA. 4 p.m.\nB. 5 p.m.\nC. 6 p.m.\nD. 7 p.m.\n\nAnswer with the option's letter from the given choices directly.", question.Prompt);
    }

    [Fact]
    public void Mv_bench()
    {
        var question = Only("mvbench", "moving_count.json", """
            [{"video": "video_10009.mp4", "question": "How many?", "candidates": ["3", "2", "1"], "answer": "2"}]
            """, "video_10009.mp4");
        Assert.Equal("Question:How many?\nOption:\n(A) 3\n(B) 2\n(C) 1\nOnly give the best option.", question.Prompt);
        Assert.Equal(("moving_count-1", "moving_count", "B"), (question.Id, question.Kind, question.Key.Expected));
    }

    [Fact]
    public void Ego_schema_asks_what_has_a_public_answer()
    {
        Put("subset_answers.json", """{"q1": 3}""");
        string Row(string id) => $$"""{"q_uid": "{{id}}", "question": "Why?", "option 0": "a", "option 1": "b", "option 2": "c", "option 3": "d", "option 4": "e"}""";
        var question = Only("egoschema", "questions.json", $"[{Row("q1")}, {Row("q2")}]", "q1.mp4");
        Assert.Equal("Why?\nA. a\nB. b\nC. c\nD. d\nE. e\nAnswer with the option's letter from the given choices directly.", question.Prompt);
        Assert.Equal((AnswerRule.WholeOption, "D"), (question.Key.Rule, question.Key.Expected));
    }

    [Fact]
    public void Next_qa_is_csv_with_a_map_to_the_videos_folders()
    {
        Put("map_vid_vidorID.json", """{"3238737531": "0000/3238737531"}""");
        Directory.CreateDirectory(Path.Combine(_folder, "0000"));
        var question = Only("nextqa", "val.csv",
            "video,frame_count,width,height,question,answer,qid,type,a0,a1,a2,a3,a4\r\n"
            + "3238737531,916,640,480,\"how, then, does \"\"it\"\" end\",1,6,CH,run,\"sit, down\",jump,fall,wave\r\n", "0000/3238737531.mp4");
        Assert.Equal("how, then, does \"it\" end\nA. run\nB. sit, down\nC. jump\nD. fall\nE. wave\nAnswer with the option's letter from the given choices directly.", question.Prompt);
        Assert.Equal(("3238737531-6", "CH", "B"), (question.Id, question.Kind, question.Key.Expected));
    }

    [Fact]
    public void Long_video_bench()
    {
        var question = Only("longvideobench", "lvb_val.json", """
            [{"video_id": "86CxyhFV9MI", "question": "Which?", "question_wo_referring_query": "Which?", "candidates": ["x", "y", "z"],
              "correct_choice": 1, "topic_category": "NP", "question_category": "TOS", "id": "86CxyhFV9MI_0", "video_path": "86CxyhFV9MI.mp4",
              "duration_group": 600, "starting_timestamp_for_subtitles": 0, "duration": 190.16}]
            """, "86CxyhFV9MI.mp4");
        Assert.Equal("Which?\nA. x\nB. y\nC. z\nAnswer with the option's letter from the given choices directly.\n", question.Prompt);
        Assert.Equal(("86CxyhFV9MI_0", "600 s", "B"), (question.Id, question.Kind, question.Key.Expected));
    }

    [Fact]
    public void Mlvu()
    {
        var question = Only("mlvu", "1_plotQA.json", """
            [{"video": "movie101_66.mp4", "duration": 246, "question": "What color?", "candidates": ["Yellow", "Red"], "answer": "Yellow", "question_type": "plotQA"}]
            """, "movie101_66.mp4");
        Assert.Equal("\nWhat color?\n(A) Yellow\n(B) Red\nOnly give the best option.\n\nBest option: (", question.Prompt);
        Assert.Equal(("plotQA-1", "plotQA", "A"), (question.Id, question.Kind, question.Key.Expected));
    }

    [Theory]
    [InlineData("""{"video":"a.mp4","question":"What?"}""", "line 1")] // no answer
    [InlineData("""{"video":"a.mp4","question":"What?","answer":"C","choices":["x","y"]}""", "none of the choices")]
    [InlineData("""{"video":"a.mp4",""", "line 1")]
    [InlineData("""{"video":"b.mp4","question":"What?","answer":"x"}""", "b.mp4")]
    [InlineData("\n", "no question")]
    public void A_bad_file_is_refused_with_the_place(string text, string expected)
    {
        Put("a.mp4", "");
        var error = Assert.Throws<JobException>(() => QuestionFormat.Load(Put("q.jsonl", text), "lines", null));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.True(error.IsUsersMistake);
    }

    [Fact]
    public void Ids_must_differ()
    {
        Put("a.mp4", "");
        var line = """{"id":"1","video":"a.mp4","question":"What?","answer":"x"}""";
        Assert.Contains("twice", Assert.Throws<JobException>(() =>
            QuestionFormat.Load(Put("q.jsonl", $"{line}\n{line}\n"), "lines", null)).Message, StringComparison.Ordinal);
    }
}
