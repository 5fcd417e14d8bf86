// Labels and hints of the page, in English and Chinese. What the bot says comes from the voice file (GET /voice).

const WORDS = {
  en: {
    answered: "{name} says: {text}",
    ask: "Ask {name} a question",
    cite: "Source {n}: {title}",
    close: "Close",
    comment: "What was wrong?",
    correction: "What would have been the right answer?",
    earlier: "Show earlier messages",
    feedbackFor: "Was this answer helpful?",
    fewer: "Show fewer",
    found: "Found in",
    helpful: "Helpful",
    hint: "Press Enter to send, Shift + Enter for a new line.",
    latest: "Jump to latest message",
    lost: "Connection lost. Your messages are saved and will be sent as soon as you're back online.",
    message: "Message",
    more: "{count} more",
    newConversation: "New conversation",
    notHelpful: "Not helpful",
    offline: "Offline",
    online: "Online",
    optional: "optional",
    onePassage: "1 passage",
    passage: "Passage",
    passageGone: "This passage is no longer available.",
    passages: "{count} passages",
    promise: "Feel free to ask follow-up questions: {name} remembers this conversation.",
    queued: "Waiting, {ahead} ahead of you",
    queuedFor: "Waiting, {ahead} ahead of you, about {seconds} s",
    reading: "Reading {passages}",
    readingFor: "Reading {passages}, about {seconds} s",
    reconnecting: "Reconnecting",
    refused: "You need a valid access link to use this chat. Please ask the person who sent you here for a new one.",
    retry: "Try again",
    searching: "Searching for “{query}”",
    send: "Send",
    sendFeedback: "Send",
    skip: "Skip to message box",
    sources: "Sources",
    stop: "Stop answering",
    thanks: "Thank you.",
    unsent: "Waiting for the connection",
    waiting: "Waiting for an answer",
    you: "You said:",
  },
  zh: {
    answered: "{name} 说：{text}",
    ask: "向 {name} 提问…",
    cite: "来源 {n}：{title}",
    close: "关闭",
    comment: "哪里不对？",
    correction: "正确的答案应该是什么？",
    earlier: "显示更早的消息",
    feedbackFor: "这个回答有帮助吗？",
    fewer: "收起",
    found: "找到的资料",
    helpful: "有帮助",
    hint: "按 Enter 发送，按 Shift + Enter 换行。",
    latest: "回到最新消息",
    lost: "连接已断开。您写的内容会保留，恢复后自动发送。",
    message: "消息",
    more: "另有 {count} 段",
    newConversation: "新对话",
    notHelpful: "没有帮助",
    offline: "离线",
    online: "在线",
    optional: "选填",
    onePassage: "1 段资料",
    passage: "原文",
    passageGone: "这段原文已无法显示。",
    passages: "{count} 段资料",
    promise: "您可以接着追问，{name} 会记得这次对话。",
    queued: "前面还有 {ahead} 人在等待",
    queuedFor: "前面还有 {ahead} 人在等待，大约 {seconds} 秒",
    reading: "正在阅读 {passages}",
    readingFor: "正在阅读 {passages}，大约 {seconds} 秒",
    reconnecting: "正在重新连接",
    refused: "需要有效的访问链接才能使用。请向提供链接的人索取新的链接。",
    retry: "重试",
    searching: "正在查找“{query}”",
    send: "发送",
    sendFeedback: "提交",
    skip: "跳到输入框",
    sources: "来源",
    stop: "停止回答",
    thanks: "谢谢。",
    unsent: "等待连接",
    waiting: "等待回答",
    you: "您说：",
  },
};

export const language = (navigator.language || "en").toLowerCase().startsWith("zh") ? "zh" : "en";

/** The text for `key` in the language of the browser, with placeholders such as `{name}` filled from `values`. */
export function word(key, values = {}) {
  return WORDS[language][key].replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

/** Fills the elements that have a `data-word` attribute. */
export function dress(root) {
  document.documentElement.lang = language === "zh" ? "zh-Hans" : "en";
  for (const element of root.querySelectorAll("[data-word]")) element.textContent = word(element.dataset.word);
}

/** Labels a button that shows only an icon. */
export function label(button, key, values) {
  button.setAttribute("aria-label", word(key, values));
  button.title = word(key, values);
}
