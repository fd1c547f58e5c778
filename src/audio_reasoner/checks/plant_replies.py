# ruff: noqa: E501 -- a sentence is read in one piece
"""What does not belong into a reply, in the words of teachers and servers: leaks, prompts, errors, answers, tongues.

Decision: two halves as in `plant_texts`, where the fields are explained.
"""

from __future__ import annotations

from audio_reasoner.checks.plant_texts import Half

LEAKS: dict[str, dict[Half, tuple[str, ...]]] = {
    "answer_leak": {
        "seen": (
            "The answer is ({x}), so I will listen for evidence that supports it.",
            "I need to show that the correct choice is {o}.",
            "Since the answer is {o}, I will look for it in the clip.",
            "My aim is to arrive at option {X}.",
            "I should end up with {X} as the result, which is {o}.",
            "We want to justify why {o} is right.",
            "The reasoning has to lead to ({x}) {o}.",
            "I expect {o} to be the solution and will confirm it step by step.",
        ),
        "held_out": (
            "It is already clear that ({x}) is the answer I have to reach.",
            "I will explain why option {X} is correct.",
            "The solution will turn out to be {o}.",
            "Knowing that it is {o}, I collect the evidence.",
        ),
    },
    "gold_given_away": {
        "seen": (
            "The provided answer tells me what to look for.",
            "According to the ground truth, this is right.",
            "The answer given in the prompt is consistent with this.",
            "As stated in the reference answer, this must hold.",
            "I was told the solution beforehand, so I only need to verify it.",
            "This matches the answer that I was supplied with.",
            "The correct option has already been disclosed to me.",
            "Given that the expected answer is known, I can work backwards.",
        ),
        "held_out": (
            "This agrees with the answer I have been given.",
            "The solution was revealed in advance.",
            "I have been informed which option is right.",
            "Because the right answer was handed to me, the rest is easy.",
        ),
    },
    "description_leak": {
        "seen": (
            "According to the description, the scene is as follows.",
            "The caption I was given mentions these sounds.",
            "The label of this clip confirms it.",
            "Based on the provided description, I will proceed.",
        ),
        "held_out": (
            "The textual description accompanying the audio says as much.",
            "As the metadata shows, this is what is heard.",
            "The annotation lists exactly these events.",
            "From the caption supplied with the file I take the details.",
        ),
    },
    "prompt_text": {
        "seen": (
            "Here is the original description: a scene with sounds.",
            "Your reply should strictly follow the required format.",
            "You must not mention that you have the answer.",
            "(In this part, analyze the user's needs and how to complete the task.)",
            "Please provide a detailed and flexible response in the sections.",
            "Remember: do not reveal the given answer in your output.",
            "(Draw the conclusion from the reasoning here.)",
            "The output must contain exactly these tags and nothing else.",
        ),
        "held_out": (
            "Write the reasoning as a list of steps, each on its own line.",
            "Make sure that your response ends with the closing tag.",
            "(Describe the audio in detail here.)",
            "Do not mention this instruction in your reply.",
        ),
    },
    "error_json": {
        "seen": (
            '{"error": {"message": "Rate limit reached", "type": "requests", "code": 429}}',
            '{"detail": "Internal Server Error"}',
            "HTTP 503 Service Unavailable",
            '{"status": "RESOURCE_EXHAUSTED", "message": "Quota exceeded for model"}',
            "upstream connect error or disconnect/reset before headers",
            "<html><head><title>502 Bad Gateway</title></head></html>",
        ),
        "held_out": (
            '{"success": false, "error": "model overloaded"}',
            "Error 504: the request timed out.",
            "Request failed with status code 500.",
        ),
    },
    "refusal": {
        "seen": (
            "I'm sorry, but I can't help with that request.",
            "As an AI language model, I cannot listen to audio files.",
            "Unfortunately, I am unable to process the audio you provided.",
            "I don't have the ability to hear audio, so I cannot answer this.",
            "I apologize, but no audio was attached to your message.",
            "My guidelines do not allow me to respond to this.",
        ),
        "held_out": (
            "Sorry, I am not able to complete this task.",
            "As a text model, I have no way of hearing the clip.",
            "It is not possible for me to listen to the attached file.",
        ),
    },
}

LETTERS: dict[Half, tuple[str, ...]] = {
    "seen": ("The answer is ({x}).", "Therefore, the answer is {X}.", "({x}) {o}", "The correct option is {X}."),
    "held_out": (
        "So I choose option {X}: {o}.",
        "Based on what I heard, the answer is {x}.",
        "Answer: {X}. {o}",
        "It must be {o}.",
    ),
}
CLASHES: dict[Half, tuple[str, ...]] = {
    "seen": ("The answer is ({x}) {other}.", "({x}) {other}", "The correct option is {X}, {other}."),
    "held_out": ("So it is {other}, which is option ({x}).", "I choose {X}: {other}.", "Answer: {X}. {other}"),
}
SUMMARIES: dict[Half, tuple[str, ...]] = {
    "seen": ("In conclusion, the answer is ({x}).", "So option ({x}) is correct.", "All of this points to {o}, option {X}."),
    "held_out": ("To sum up, {X} is the right choice.", "Hence the correct answer is {o}.", "Everything considered, the answer must be ({x}) {o}."),
}  # fmt: skip

OTHER_LANGUAGES: dict[Half, tuple[str, ...]] = {
    "seen": (
        "Primero escucho el audio con atención y anoto cada sonido. Después comparo la lista con las opciones y elijo la que mejor corresponde a lo que se oye.",
        "我先仔细听这段录音，把听到的声音按顺序记下来，然后与选项进行比较，最后选出正确的答案。",
        "Zuerst höre ich die Aufnahme an und notiere jedes Geräusch. Dann vergleiche ich die Liste mit den Antworten und wähle die passende aus.",
    ),
    "held_out": (
        "J'écoute d'abord l'enregistrement et je note chaque son avec son moment. Ensuite je compare cette liste avec les réponses et je garde celle qui convient.",
        "Сначала я внимательно слушаю запись и отмечаю каждый звук, а затем сравниваю список с вариантами ответа.",
        "Prima ascolto la registrazione e annoto ogni suono. Poi confronto la lista con le risposte e scelgo quella che corrisponde a ciò che si sente.",
    ),
}
