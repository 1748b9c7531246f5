<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>window</name>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>&amp;Personalization</source>
        <translation>个性化(&amp;P)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>A camera by its name, a video, a folder of pictures, or a demo clip. You can also drop a file on the window.</source>
        <translation>按名称选择摄像头、视频、图片文件夹或演示片段。也可以将文件拖到窗口上。</translation>
    </message>
    <message>
        <source>A point the network found itself</source>
        <translation>网络自己找到的点</translation>
    </message>
    <message>
        <source>About and licences</source>
        <translation>关于与许可</translation>
    </message>
    <message>
        <source>About {name}</source>
        <translation>关于 {name}</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Affinity</source>
        <translation>亲和矩阵</translation>
    </message>
    <message>
        <source>Affinity arrows</source>
        <translation>亲和箭头</translation>
    </message>
    <message>
        <source>After each update weights go this share of the way back to the trained ones.</source>
        <translation>每次更新后权重按此比例退回训练值。</translation>
    </message>
    <message>
        <source>Agree with the running average of the weights, or with the network as trained.</source>
        <translation>与权重滑动平均一致，或与训练原样的网络一致。</translation>
    </message>
    <message>
        <source>Anchor</source>
        <translation>锚定</translation>
    </message>
    <message>
        <source>Angles</source>
        <translation>角度</translation>
    </message>
    <message>
        <source>Appears when a person is found</source>
        <translation>找到人后显示</translation>
    </message>
    <message>
        <source>Appears with the first update</source>
        <translation>首次更新后显示</translation>
    </message>
    <message>
        <source>As published</source>
        <translation>按论文</translation>
    </message>
    <message>
        <source>As trained</source>
        <translation>训练原样</translation>
    </message>
    <message>
        <source>Ask cameras for {mode}</source>
        <translation>向摄像头请求 {mode}</translation>
    </message>
    <message>
        <source>At the desk (rendered, true joints known)</source>
        <translation>书桌前（渲染，已知真实关节）</translation>
    </message>
    <message>
        <source>Augmentations</source>
        <translation>增强</translation>
    </message>
    <message>
        <source>Average</source>
        <translation>平均</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>返回</translation>
    </message>
    <message>
        <source>Batch size</source>
        <translation>批大小</translation>
    </message>
    <message>
        <source>Before and after side by side: as trained left of a line that you drag or move with the arrow keys, personalized right</source>
        <translation>前后并排：可拖动或用方向键移动的分界线左侧为训练原样，右侧为个性化结果</translation>
    </message>
    <message>
        <source>Begin again at the end</source>
        <translation>播完后重新开始</translation>
    </message>
    <message>
        <source>Begin the scales of the loss anew with each person, or carry them on.</source>
        <translation>每换一人重新开始损失尺度，或延续使用。</translation>
    </message>
    <message>
        <source>Begin with the view that shows what the network sees and learns (E).</source>
        <translation>以显示网络所见所学的视图开始（E）。</translation>
    </message>
    <message>
        <source>Bring back what the last reset, preset, source, profile or offline run took away</source>
        <translation>恢复上一次重置、预设、来源、档案或离线运行所去除的内容</translation>
    </message>
    <message>
        <source>Camera mode: {mode}</source>
        <translation>摄像头模式：{mode}</translation>
    </message>
    <message>
        <source>Cameras</source>
        <translation>摄像头</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Choose a source</source>
        <translation>选择来源</translation>
    </message>
    <message>
        <source>Choose a source, or drop a video or a folder here.</source>
        <translation>请选择来源，或将视频或文件夹拖到此处。</translation>
    </message>
    <message>
        <source>Choose weights…</source>
        <translation>选择权重…</translation>
    </message>
    <message>
        <source>Choose what is drawn over the picture (1…8)</source>
        <translation>选择在画面上绘制的内容（1…8）</translation>
    </message>
    <message>
        <source>Choose what to look at</source>
        <translation>选择要观看的内容</translation>
    </message>
    <message>
        <source>Click into a key and press another one; the cross takes it away</source>
        <translation>点击按键并按下新的按键；点叉号可清除</translation>
    </message>
    <message>
        <source>Click or drag to another place; the arrow keys go a second on or back</source>
        <translation>点击或拖动到其他位置；方向键前进或后退一秒</translation>
    </message>
    <message>
        <source>Clips lie in assets/demo</source>
        <translation>片段位于 assets/demo</translation>
    </message>
    <message>
        <source>Close the message</source>
        <translation>关闭消息</translation>
    </message>
    <message>
        <source>Close the message (Esc)</source>
        <translation>关闭消息（Esc）</translation>
    </message>
    <message>
        <source>Close the window</source>
        <translation>关闭窗口</translation>
    </message>
    <message>
        <source>Coloured by their contribution to the joints</source>
        <translation>颜色表示对关节的贡献</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>对比</translation>
    </message>
    <message>
        <source>Connect one, then open this menu again</source>
        <translation>请连接摄像头后再次打开此菜单</translation>
    </message>
    <message>
        <source>Consistency</source>
        <translation>一致性</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>复制诊断信息</translation>
    </message>
    <message>
        <source>Cut the source out with the target's box, or with its own.</source>
        <translation>用目标的框裁剪来源，或用来源自己的框。</translation>
    </message>
    <message>
        <source>Degrees at elbows, knees, shoulders and hips, as the picture shows them</source>
        <translation>画面中肘、膝、肩、髋的角度</translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>删除…</translation>
    </message>
    <message>
        <source>Demo clips</source>
        <translation>演示片段</translation>
    </message>
    <message>
        <source>Device, schedule and source</source>
        <translation>设备、调度与来源</translation>
    </message>
    <message>
        <source>Different from every preset</source>
        <translation>与所有预设不同</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>Drag or click to another place of a file. Comma and full stop step by frames, square brackets change the speed.</source>
        <translation>拖动或点击到文件的其他位置。逗号和句号逐帧移动，方括号改变速度。</translation>
    </message>
    <message>
        <source>End the tour (Esc)</source>
        <translation>结束导览（Esc）</translation>
    </message>
    <message>
        <source>Error, % of box</source>
        <translation>误差，占框的 %</translation>
    </message>
    <message>
        <source>Every result goes {names}</source>
        <translation>每个结果{names}</translation>
    </message>
    <message>
        <source>Explain</source>
        <translation>解释</translation>
    </message>
    <message>
        <source>Explaining</source>
        <translation>解释</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Faster</source>
        <translation>加速</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>Files begin again at their end (L).</source>
        <translation>文件播完后重新开始（L）。</translation>
    </message>
    <message>
        <source>Fill in the program's own settings and keys</source>
        <translation>填入程序默认的设置和按键</translation>
    </message>
    <message>
        <source>Fill in the settings of a preset</source>
        <translation>填入预设的设置</translation>
    </message>
    <message>
        <source>Find your place</source>
        <translation>找到位置</translation>
    </message>
    <message>
        <source>Five places of the window, on the demo clip</source>
        <translation>用演示片段介绍窗口的五处</translation>
    </message>
    <message>
        <source>Forget what was learnt and start afresh</source>
        <translation>忘记所学内容并重新开始</translation>
    </message>
    <message>
        <source>Frame back</source>
        <translation>上一帧</translation>
    </message>
    <message>
        <source>Frame forward</source>
        <translation>下一帧</translation>
    </message>
    <message>
        <source>Frame {frame} of {count}</source>
        <translation>第 {frame} 帧，共 {count} 帧</translation>
    </message>
    <message>
        <source>Frames captured but never predicted</source>
        <translation>已采集但未预测的帧</translation>
    </message>
    <message>
        <source>Frames predicted in a second</source>
        <translation>每秒预测的帧数</translation>
    </message>
    <message>
        <source>From self-supervised keypoints to the joints they inform</source>
        <translation>从自监督关键点指向其影响的关节</translation>
    </message>
    <message>
        <source>Gentle</source>
        <translation>温和</translation>
    </message>
    <message>
        <source>Give a profile another name</source>
        <translation>给档案改名</translation>
    </message>
    <message>
        <source>Go back to the trained weights after so many frames; 0: never.</source>
        <translation>这么多帧后恢复训练权重；0：从不。</translation>
    </message>
    <message>
        <source>Go back to the trained weights where the picture cuts to another scene.</source>
        <translation>画面切换场景时恢复训练权重。</translation>
    </message>
    <message>
        <source>Guard</source>
        <translation>守护</translation>
    </message>
    <message>
        <source>Gymnast on a trampoline (real, four views)</source>
        <translation>蹦床上的体操运动员（实拍，四视角）</translation>
    </message>
    <message>
        <source>Hide everything around the picture; Esc brings it back</source>
        <translation>隐藏画面周围的一切；按 Esc 恢复</translation>
    </message>
    <message>
        <source>Hold frames out, and undo updates that make them worse.</source>
        <translation>留出部分帧，并撤销使其变差的更新。</translation>
    </message>
    <message>
        <source>Hold this picture to move its keypoints, or follow the person again</source>
        <translation>保持此画面以移动关键点，或重新跟踪此人</translation>
    </message>
    <message>
        <source>How far one update moves the weights; larger learns faster and forgets more.</source>
        <translation>每次更新移动权重的幅度；越大学得越快，也忘得越多。</translation>
    </message>
    <message>
        <source>How fast the file plays ([ and ])</source>
        <translation>文件播放速度（[ 和 ]）</translation>
    </message>
    <message>
        <source>How it learns, what the window does, and which key does what</source>
        <translation>如何学习、窗口行为以及各按键的作用</translation>
    </message>
    <message>
        <source>How slowly the average of the weights follows them (0: none, below 1).</source>
        <translation>权重平均跟随的缓慢程度（0：无，小于 1）。</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>Independent sources</source>
        <translation>独立来源</translation>
    </message>
    <message>
        <source>It learns from what it sees, without labels, and keeps predicting. Reset forgets, Undo brings back, Profiles keep it for next time.</source>
        <translation>它从所见中学习，无需标注，同时继续预测。重置会忘记，撤销会恢复，档案可留待下次使用。</translation>
    </message>
    <message>
        <source>Iterations</source>
        <translation>迭代次数</translation>
    </message>
    <message>
        <source>Keep this person's look and show all poses with it, or drop it again</source>
        <translation>保留此人外观并用于所有姿态，或取消</translation>
    </message>
    <message>
        <source>Keep what was learnt from this person under a name</source>
        <translation>以名字保存从此人学到的内容</translation>
    </message>
    <message>
        <source>Keep whole frames, or compact ones around the person (live: always compact).</source>
        <translation>保留整帧，或只保留人物周围（实时：始终紧凑）。</translation>
    </message>
    <message>
        <source>Key</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Key for {name}</source>
        <translation>“{name}”的按键</translation>
    </message>
    <message>
        <source>KeypointGAN</source>
        <translation>KeypointGAN</translation>
    </message>
    <message>
        <source>Keypoints</source>
        <translation>关键点</translation>
    </message>
    <message>
        <source>Keypoints as COCO JSON…</source>
        <translation>关键点存为 COCO JSON…</translation>
    </message>
    <message>
        <source>Keypoints as CSV…</source>
        <translation>关键点存为 CSV…</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>语言</translation>
    </message>
    <message>
        <source>Learn from every frame of the video, or of what is remembered of the camera; click again to stop</source>
        <translation>从视频的每一帧学习，或从保留的摄像头画面学习；再次点击停止</translation>
    </message>
    <message>
        <source>Learn from the current frame, or from a random one seen so far.</source>
        <translation>从当前帧学习，或从已见的随机帧学习。</translation>
    </message>
    <message>
        <source>Learn from the person in the picture while predicting</source>
        <translation>在预测的同时向画面中的人学习</translation>
    </message>
    <message>
        <source>Learning rate</source>
        <translation>学习率</translation>
    </message>
    <message>
        <source>Carries answers along from frame to frame, and learns to agree with its mirror image and with the frames around; a guard undoes harm</source>
        <translation>将各帧的结果沿运动延续，并学习与镜像及前后帧保持一致；守护机制撤销有害的更新</translation>
    </message>
    <message>
        <source>Leave everything as it was (Esc)</source>
        <translation>保持原样（Esc）</translation>
    </message>
    <message>
        <source>Leave the picture alone, stop an offline run</source>
        <translation>退出仅显示画面，停止离线运行</translation>
    </message>
    <message>
        <source>Left limbs are warm, right limbs cool; pale means unsure. Several people? Click the one to follow. The chip at the lower left tells what is going on.</source>
        <translation>左侧肢体为暖色，右侧为冷色；颜色浅表示不确定。有多人？点击要跟踪的人。左下角的标签说明当前状态。</translation>
    </message>
    <message>
        <source>Let it learn this person</source>
        <translation>让它学习此人</translation>
    </message>
    <message>
        <source>Limbs between the predicted joints</source>
        <translation>预测关节之间的肢体</translation>
    </message>
    <message>
        <source>Live pictures of all, to choose one by what it sees</source>
        <translation>显示所有摄像头的实时画面，按所见选择</translation>
    </message>
    <message>
        <source>Live view</source>
        <translation>实时画面</translation>
    </message>
    <message>
        <source>Load</source>
        <translation>载入</translation>
    </message>
    <message>
        <source>Look through {name}</source>
        <translation>使用 {name}</translation>
    </message>
    <message>
        <source>Looking at this machine …</source>
        <translation>正在检查本机…</translation>
    </message>
    <message>
        <source>Looking for cameras…</source>
        <translation>正在查找摄像头…</translation>
    </message>
    <message>
        <source>Loop</source>
        <translation>循环</translation>
    </message>
    <message>
        <source>Looping</source>
        <translation>循环</translation>
    </message>
    <message>
        <source>Message: {sentence}</source>
        <translation>消息：{sentence}</translation>
    </message>
    <message>
        <source>Mirror</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>Mirrored</source>
        <translation>镜像</translation>
    </message>
    <message>
        <source>Neighbours</source>
        <translation>邻帧</translation>
    </message>
    <message>
        <source>Carry</source>
        <translation>延续</translation>
    </message>
    <message>
        <source>Network as ONNX…</source>
        <translation>网络存为 ONNX…</translation>
    </message>
    <message>
        <source>New here? A tour shows five places of the window.</source>
        <translation>初次使用？导览会介绍窗口的五处。</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一处</translation>
    </message>
    <message>
        <source>No camera answers. Playing the demo instead. Choose a source.</source>
        <translation>没有摄像头响应，改为播放演示。请选择来源。</translation>
    </message>
    <message>
        <source>No camera found</source>
        <translation>未找到摄像头</translation>
    </message>
    <message>
        <source>No demo clip found</source>
        <translation>未找到演示片段</translation>
    </message>
    <message>
        <source>No picture comes</source>
        <translation>没有画面</translation>
    </message>
    <message>
        <source>No picture yet</source>
        <translation>尚无画面</translation>
    </message>
    <message>
        <source>No profile yet</source>
        <translation>尚无档案</translation>
    </message>
    <message>
        <source>Nothing to look at yet</source>
        <translation>还没有可看的内容</translation>
    </message>
    <message>
        <source>Offline rotation</source>
        <translation>离线旋转</translation>
    </message>
    <message>
        <source>Offline updates per frame</source>
        <translation>离线每帧更新数</translation>
    </message>
    <message>
        <source>Offline, so many updates are made per remembered frame.</source>
        <translation>离线时每个保留帧的更新次数。</translation>
    </message>
    <message>
        <source>Offline, this share of the pairs is turned (0 to 1).</source>
        <translation>离线时旋转的图片对比例（0 到 1）。</translation>
    </message>
    <message>
        <source>Offline…</source>
        <translation>离线…</translation>
    </message>
    <message>
        <source>On a black stage (rendered, for KeypointGAN)</source>
        <translation>黑色舞台（渲染，用于 KeypointGAN）</translation>
    </message>
    <message>
        <source>One moment</source>
        <translation>请稍候</translation>
    </message>
    <message>
        <source>Open a video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Open a weight file of KeypointGAN</source>
        <translation>打开 KeypointGAN 权重文件</translation>
    </message>
    <message>
        <source>Open image folder</source>
        <translation>打开图片文件夹</translation>
    </message>
    <message>
        <source>Open image folder…</source>
        <translation>打开图片文件夹…</translation>
    </message>
    <message>
        <source>Open the menu of cameras and files</source>
        <translation>打开摄像头和文件菜单</translation>
    </message>
    <message>
        <source>Open video</source>
        <translation>打开视频</translation>
    </message>
    <message>
        <source>Open video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Other people</source>
        <translation>其他人</translation>
    </message>
    <message>
        <source>Overlays</source>
        <translation>叠加层</translation>
    </message>
    <message>
        <source>Own settings</source>
        <translation>自定义设置</translation>
    </message>
    <message>
        <source>P&amp;rofiles</source>
        <translation>档案(&amp;R)</translation>
    </message>
    <message>
        <source>Pair it with any of all frames seen so far, or with recent ones only.</source>
        <translation>与所有已见帧配对，或只与最近的帧配对。</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>暂停</translation>
    </message>
    <message>
        <source>Person box</source>
        <translation>人物框</translation>
    </message>
    <message>
        <source>Personalization</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>Personalization updates so far</source>
        <translation>至今的个性化更新次数</translation>
    </message>
    <message>
        <source>Personalize</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>Personalize for a while, then save what was learnt</source>
        <translation>先个性化一段时间，再保存所学内容</translation>
    </message>
    <message>
        <source>Personalized</source>
        <translation>已个性化</translation>
    </message>
    <message>
        <source>Picture alone</source>
        <translation>仅显示画面</translation>
    </message>
    <message>
        <source>Play</source>
        <translation>播放</translation>
    </message>
    <message>
        <source>Play a folder of images in the order of their names</source>
        <translation>按名称顺序播放图片文件夹</translation>
    </message>
    <message>
        <source>Play a video file</source>
        <translation>播放视频文件</translation>
    </message>
    <message>
        <source>Play or pause the source</source>
        <translation>播放或暂停来源</translation>
    </message>
    <message>
        <source>Play the demo</source>
        <translation>播放演示</translation>
    </message>
    <message>
        <source>Play the embedded clip</source>
        <translation>播放内置片段</translation>
    </message>
    <message>
        <source>Play the embedded clip {name}</source>
        <translation>播放内置片段 {name}</translation>
    </message>
    <message>
        <source>Play the file faster</source>
        <translation>加快播放</translation>
    </message>
    <message>
        <source>Play the file slower</source>
        <translation>放慢播放</translation>
    </message>
    <message>
        <source>Plots</source>
        <translation>曲线</translation>
    </message>
    <message>
        <source>Position</source>
        <translation>位置</translation>
    </message>
    <message>
        <source>Position and length</source>
        <translation>位置与时长</translation>
    </message>
    <message>
        <source>Predicting has stopped. Press Reset to start it again first.</source>
        <translation>预测已停止。请先按“重置”重新启动。</translation>
    </message>
    <message>
        <source>Predicting starts again, with the trained weights.</source>
        <translation>预测以训练权重重新开始。</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>预设</translation>
    </message>
    <message>
        <source>Press a key for {name}</source>
        <translation>为“{name}”按下按键</translation>
    </message>
    <message>
        <source>Put every panel back in its place</source>
        <translation>将所有面板放回原处</translation>
    </message>
    <message>
        <source>Put the keypoints back where they were predicted</source>
        <translation>将关键点放回预测位置</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Rates</source>
        <translation>速率</translation>
    </message>
    <message>
        <source>Reconstruction</source>
        <translation>重建</translation>
    </message>
    <message>
        <source>Record</source>
        <translation>录制</translation>
    </message>
    <message>
        <source>Record the picture without loss, and the poses in it; click again to stop</source>
        <translation>完整录制画面及其中的姿态；再次点击停止</translation>
    </message>
    <message>
        <source>Remove a profile from this machine</source>
        <translation>从本机删除档案</translation>
    </message>
    <message>
        <source>Rename…</source>
        <translation>重命名…</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>重置</translation>
    </message>
    <message>
        <source>Reset every</source>
        <translation>重置间隔</translation>
    </message>
    <message>
        <source>Reset layout</source>
        <translation>重置布局</translation>
    </message>
    <message>
        <source>Reset on cut</source>
        <translation>切换时重置</translation>
    </message>
    <message>
        <source>Reset to defaults</source>
        <translation>恢复默认</translation>
    </message>
    <message>
        <source>Rotations</source>
        <translation>旋转</translation>
    </message>
    <message>
        <source>Running means</source>
        <translation>滑动均值</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>另存为…</translation>
    </message>
    <message>
        <source>Saved {date} UTC</source>
        <translation>保存于 {date} UTC</translation>
    </message>
    <message>
        <source>Scope</source>
        <translation>范围</translation>
    </message>
    <message>
        <source>See all cameras…</source>
        <translation>查看所有摄像头…</translation>
    </message>
    <message>
        <source>See what it sees</source>
        <translation>看它所见</translation>
    </message>
    <message>
        <source>Self weight</source>
        <translation>自监督权重</translation>
    </message>
    <message>
        <source>Self-supervised keypoints</source>
        <translation>自监督关键点</translation>
    </message>
    <message>
        <source>Self-supervised loss per update</source>
        <translation>每次更新的自监督损失</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings…</source>
        <translation>设置…</translation>
    </message>
    <message>
        <source>Shortcuts</source>
        <translation>快捷键</translation>
    </message>
    <message>
        <source>Show or hide the panel that reads and redraws the person</source>
        <translation>显示或隐藏识别并重绘此人的面板</translation>
    </message>
    <message>
        <source>Show or hide the panel {name}</source>
        <translation>显示或隐藏面板“{name}”</translation>
    </message>
    <message>
        <source>Show the frame before</source>
        <translation>显示上一帧</translation>
    </message>
    <message>
        <source>Show the next frame</source>
        <translation>显示下一帧</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would (M).</source>
        <translation>像镜子一样显示画面（M）。</translation>
    </message>
    <message>
        <source>Show the picture as a mirror would; results stay as they are</source>
        <translation>像镜子一样显示画面；结果不变</translation>
    </message>
    <message>
        <source>Show what the network sees and learns, or the person alone</source>
        <translation>显示网络所见所学，或只显示人</translation>
    </message>
    <message>
        <source>Shows the points that the network found itself, how they make up the joints, and the pictures that it learns from. E comes back to this view.</source>
        <translation>显示网络自己找到的点、它们如何构成关节，以及用于学习的图片。按 E 返回此视图。</translation>
    </message>
    <message>
        <source>Skeleton</source>
        <translation>骨架</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Slower</source>
        <translation>减速</translation>
    </message>
    <message>
        <source>Smoothing</source>
        <translation>平滑</translation>
    </message>
    <message>
        <source>So many pairs of pictures are learnt from in one update.</source>
        <translation>每次更新学习的图片对数。</translation>
    </message>
    <message>
        <source>So many steps are made on each batch.</source>
        <translation>每批的步数。</translation>
    </message>
    <message>
        <source>Something went wrong in the window ({error}). You can go on; the details are in {log}.</source>
        <translation>窗口出现问题（{error}）。您可以继续；详情见 {log}。</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>Source box</source>
        <translation>来源框</translation>
    </message>
    <message>
        <source>Sources</source>
        <translation>来源帧</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>速度</translation>
    </message>
    <message>
        <source>Steady</source>
        <translation>稳健</translation>
    </message>
    <message>
        <source>Steady what is drawn over the picture; results and recordings stay as predicted</source>
        <translation>稳定画面上的绘制；结果和录制保持预测原样</translation>
    </message>
    <message>
        <source>Steady what is drawn; results and recordings stay as predicted (S).</source>
        <translation>稳定绘制内容；结果和录制保持预测原样（S）。</translation>
    </message>
    <message>
        <source>Stop {time}</source>
        <translation>停止 {time}</translation>
    </message>
    <message>
        <source>Take in a profile from a file</source>
        <translation>从文件导入档案</translation>
    </message>
    <message>
        <source>Take this frame</source>
        <translation>取此帧</translation>
    </message>
    <message>
        <source>Target-source pairs learnt from in a second</source>
        <translation>每秒学习的目标-来源对</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Teacher</source>
        <translation>教师</translation>
    </message>
    <message>
        <source>The cameras cannot be listed ({error}).</source>
        <translation>无法列出摄像头（{error}）。</translation>
    </message>
    <message>
        <source>The diagnostics are in the clipboard. Paste them into your report; no picture is in them.</source>
        <translation>诊断信息已在剪贴板中。请粘贴到报告中；其中不含图片。</translation>
    </message>
    <message>
        <source>The file does not say how long it is</source>
        <translation>文件未说明时长</translation>
    </message>
    <message>
        <source>The first picture is on its way.</source>
        <translation>第一幅画面即将到来。</translation>
    </message>
    <message>
        <source>The learning rate rises over so many updates.</source>
        <translation>学习率在这么多次更新内上升。</translation>
    </message>
    <message>
        <source>The network is being written; this takes a while.</source>
        <translation>正在写出网络，需要一些时间。</translation>
    </message>
    <message>
        <source>The next place (right arrow)</source>
        <translation>下一处（右箭头）</translation>
    </message>
    <message>
        <source>The paper's setting: everything at 1e-4, 32 pairs per update</source>
        <translation>论文设置：全部参数 1e-4，每次更新 32 对</translation>
    </message>
    <message>
        <source>The paper's task with small steps on the last layers only</source>
        <translation>论文任务，仅在最后几层以小步更新</translation>
    </message>
    <message>
        <source>The place before (left arrow)</source>
        <translation>上一处（左箭头）</translation>
    </message>
    <message>
        <source>The pose, live</source>
        <translation>实时姿态</translation>
    </message>
    <message>
        <source>The predicted joints; opacity is confidence</source>
        <translation>预测的关节；不透明度表示置信度</translation>
    </message>
    <message>
        <source>The rotation variant turns targets in four directions, or in one.</source>
        <translation>旋转变体将目标转向四个方向或一个方向。</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a number.</source>
        <translation>设置 {name} 为“{text}”；必须是数字。</translation>
    </message>
    <message>
        <source>The setting {name} was "{text}"; it must be a whole number.</source>
        <translation>设置 {name} 为“{text}”；必须是整数。</translation>
    </message>
    <message>
        <source>The source cannot be opened ({error}).</source>
        <translation>无法打开来源（{error}）。</translation>
    </message>
    <message>
        <source>The source does not answer. Choose another one.</source>
        <translation>来源没有响应。请选择其他来源。</translation>
    </message>
    <message>
        <source>The square that the network sees</source>
        <translation>网络看到的方框</translation>
    </message>
    <message>
        <source>The teacher is asked of so many frames before and after too (0: none, up to 8).</source>
        <translation>教师还参考前后这么多帧（0：无，最多 8）。</translation>
    </message>
    <message>
        <source>How much answers for frames before count, carried along by motion (0: not, below 1).</source>
        <translation>先前各帧的结果沿运动延续后所占的比重（0：不使用，小于 1）。</translation>
    </message>
    <message>
        <source>The value of the paper and its released code</source>
        <translation>论文及其公开代码的取值</translation>
    </message>
    <message>
        <source>They are listed in a moment</source>
        <translation>稍后列出</translation>
    </message>
    <message>
        <source>Thin skeletons of whoever is not followed; click one to follow it</source>
        <translation>未跟踪者的细骨架；点击即可跟踪</translation>
    </message>
    <message>
        <source>This file cannot be read</source>
        <translation>无法读取此文件</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second while it learns: switch Personalize off once the pose fits, or choose a smaller batch size in Settings.</source>
        <translation>本机学习时每秒可完成 {rate} 次预测：姿态合适后请关闭个性化，或在设置中选择更小的批大小。</translation>
    </message>
    <message>
        <source>This machine manages {rate} predictions a second: close other programs, play files slower, or start with --weights of a lighter network.</source>
        <translation>本机每秒可完成 {rate} 次预测：请关闭其他程序、放慢文件播放，或用 --weights 启动更轻的网络。</translation>
    </message>
    <message>
        <source>This network has no affinity transformer</source>
        <translation>此网络没有亲和变换器</translation>
    </message>
    <message>
        <source>This point informs that joint</source>
        <translation>此点影响该关节</translation>
    </message>
    <message>
        <source>This share of the sources is turned apart from its targets (0 to 1).</source>
        <translation>此比例的来源独立于目标旋转（0 到 1）。</translation>
    </message>
    <message>
        <source>Those of the dialog Settings, where they are no preset's</source>
        <translation>“设置”对话框中不属于任何预设的值</translation>
    </message>
    <message>
        <source>Time from capture to result; 95 of 100 results are faster</source>
        <translation>从采集到结果的时间；95% 的结果更快</translation>
    </message>
    <message>
        <source>Toolbar</source>
        <translation>工具栏</translation>
    </message>
    <message>
        <source>Tour</source>
        <translation>导览</translation>
    </message>
    <message>
        <source>Turn and scale pairs as published, or a third as much.</source>
        <translation>按论文旋转和缩放，或只用三分之一。</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Undo reset</source>
        <translation>撤销重置</translation>
    </message>
    <message>
        <source>Undo the drags</source>
        <translation>撤销拖动</translation>
    </message>
    <message>
        <source>Update time</source>
        <translation>更新时间</translation>
    </message>
    <message>
        <source>Use and remember these settings</source>
        <translation>使用并记住这些设置</translation>
    </message>
    <message>
        <source>Use as appearance</source>
        <translation>用作外观</translation>
    </message>
    <message>
        <source>Versions, device, cameras and the newest errors, as text for a report; no pictures</source>
        <translation>版本、设备、摄像头及最新错误的文本，用于报告；不含图片</translation>
    </message>
    <message>
        <source>Videos ({endings});;All files (*)</source>
        <translation>视频 ({endings});;所有文件 (*)</translation>
    </message>
    <message>
        <source>Views</source>
        <translation>视图</translation>
    </message>
    <message>
        <source>Warm up</source>
        <translation>预热</translation>
    </message>
    <message>
        <source>Weight of agreeing with the mirror image; 0: not done.</source>
        <translation>与镜像一致的权重；0：不做。</translation>
    </message>
    <message>
        <source>Weight of the paper's task, repainting one frame from another; 0: not done.</source>
        <translation>论文任务（由一帧重绘另一帧）的权重；0：不做。</translation>
    </message>
    <message>
        <source>What cameras are asked for; the status bar says what they deliver</source>
        <translation>向摄像头请求的模式；状态栏显示实际模式</translation>
    </message>
    <message>
        <source>What is updated: all, the features, or the last layers (deconvolutions) alone.</source>
        <translation>更新内容：全部、特征层，或仅最后几层（deconvolutions）。</translation>
    </message>
    <message>
        <source>What is wrong</source>
        <translation>错误之处</translation>
    </message>
    <message>
        <source>What the unchanged network predicts, in grey</source>
        <translation>未改变的网络的预测，灰色</translation>
    </message>
    <message>
        <source>What the window speaks, from its next start on.</source>
        <translation>窗口使用的语言，下次启动生效。</translation>
    </message>
    <message>
        <source>What this program is made of</source>
        <translation>本程序的组成</translation>
    </message>
    <message>
        <source>What to set</source>
        <translation>要设置的内容</translation>
    </message>
    <message>
        <source>Who gets every result</source>
        <translation>接收每个结果者</translation>
    </message>
    <message>
        <source>Why a key was refused</source>
        <translation>按键被拒绝的原因</translation>
    </message>
    <message>
        <source>Window</source>
        <translation>窗口</translation>
    </message>
    <message>
        <source>Without personalization</source>
        <translation>未个性化</translation>
    </message>
    <message>
        <source>Write a copy of a profile to a file</source>
        <translation>将档案副本写入文件</translation>
    </message>
    <message>
        <source>Write pictures, keypoints or the network</source>
        <translation>写出图片、关键点或网络</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far</source>
        <translation>写出此来源至今所有帧的关键点</translation>
    </message>
    <message>
        <source>Write the keypoints of all frames of this source so far, a row per frame</source>
        <translation>写出此来源至今所有帧的关键点，每帧一行</translation>
    </message>
    <message>
        <source>Write the network, personalized as it is now, for other programs</source>
        <translation>写出当前个性化的网络，供其他程序使用</translation>
    </message>
    <message>
        <source>Write the panel {panel} as it is now, as PNG or SVG</source>
        <translation>将面板“{panel}”当前内容写为 PNG 或 SVG</translation>
    </message>
    <message>
        <source>Written to {path}</source>
        <translation>已写入 {path}</translation>
    </message>
    <message>
        <source>colour: how much it adds to the joints</source>
        <translation>颜色：对关节的贡献</translation>
    </message>
    <message>
        <source>colour: the weight of that point</source>
        <translation>颜色：该点的权重</translation>
    </message>
    <message>
        <source>contribution</source>
        <translation>贡献</translation>
    </message>
    <message>
        <source>dropped</source>
        <translation>丢弃</translation>
    </message>
    <message>
        <source>frozen</source>
        <translation>已冻结</translation>
    </message>
    <message>
        <source>held back</source>
        <translation>暂缓</translation>
    </message>
    <message>
        <source>keypoint</source>
        <translation>个关键点</translation>
    </message>
    <message>
        <source>keypoints</source>
        <translation>个关键点</translation>
    </message>
    <message>
        <source>latency</source>
        <translation>延迟</translation>
    </message>
    <message>
        <source>mean</source>
        <translation>均值</translation>
    </message>
    <message>
        <source>no label taught it</source>
        <translation>未经标注学习</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关</translation>
    </message>
    <message>
        <source>offline {percent}%</source>
        <translation>离线 {percent}%</translation>
    </message>
    <message>
        <source>offline · starting</source>
        <translation>离线 · 开始</translation>
    </message>
    <message>
        <source>on</source>
        <translation>开</translation>
    </message>
    <message>
        <source>pairs/s</source>
        <translation>对/秒</translation>
    </message>
    <message>
        <source>paper: {value}</source>
        <translation>论文：{value}</translation>
    </message>
    <message>
        <source>paused</source>
        <translation>已暂停</translation>
    </message>
    <message>
        <source>per pair</source>
        <translation>每对</translation>
    </message>
    <message>
        <source>personalized</source>
        <translation>个性化</translation>
    </message>
    <message>
        <source>personalizing</source>
        <translation>个性化中</translation>
    </message>
    <message>
        <source>prediction only</source>
        <translation>仅预测</translation>
    </message>
    <message>
        <source>predictions/s</source>
        <translation>次预测/秒</translation>
    </message>
    <message>
        <source>reconstruction</source>
        <translation>重建</translation>
    </message>
    <message>
        <source>redrawn</source>
        <translation>重绘</translation>
    </message>
    <message>
        <source>skeleton</source>
        <translation>骨架</translation>
    </message>
    <message>
        <source>source</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>stopped by an error</source>
        <translation>因错误停止</translation>
    </message>
    <message>
        <source>strict</source>
        <translation>严格</translation>
    </message>
    <message>
        <source>system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>target</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>to {names}</source>
        <translation>发送至 {names}</translation>
    </message>
    <message>
        <source>two lanes</source>
        <translation>双通道</translation>
    </message>
    <message>
        <source>undone by the guard</source>
        <translation>被守护撤销</translation>
    </message>
    <message>
        <source>update</source>
        <translation>次更新</translation>
    </message>
    <message>
        <source>updates</source>
        <translation>次更新</translation>
    </message>
    <message>
        <source>video</source>
        <translation>个视频</translation>
    </message>
    <message>
        <source>videos</source>
        <translation>个视频</translation>
    </message>
    <message>
        <source>weight</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>without</source>
        <translation>未个性化</translation>
    </message>
    <message>
        <source>{joints} joints × {keypoints} self-supervised keypoints</source>
        <translation>{joints} 个关节 × {keypoints} 个自监督关键点</translation>
    </message>
    <message>
        <source>{key} belongs to {owner} already. Give {owner} another key first.</source>
        <translation>{key} 已属于“{owner}”。请先为“{owner}”指定其他按键。</translation>
    </message>
    <message>
        <source>{name} from keypoint {number}: {weight}</source>
        <translation>{name} 来自关键点 {number}：{weight}</translation>
    </message>
    <message>
        <source>{panel} as picture…</source>
        <translation>{panel}存为图片…</translation>
    </message>
    <message>
        <source>{place} of {count}</source>
        <translation>{place} / {count}</translation>
    </message>
    <message>
        <source>{time} left</source>
        <translation>剩余 {time}</translation>
    </message>
    <message>
        <source>{width} × {height}, {fps} pictures/s</source>
        <translation>{width} × {height}，{fps} 帧/秒</translation>
    </message>
</context>
</TS>
